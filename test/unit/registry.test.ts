import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queryObjects } from 'node:v8';
import { Cohort } from '../../src/hub/cohort.ts';
import { Connection } from '../../src/hub/connection.ts';
import { Registry } from '../../src/hub/registry.ts';
import { createPeer } from './fake-socket.ts';
import { seeded } from './seeded.ts';

const typeNames = ['a', 'b', 'c', 'd'];
const uidNames = Array.from({ length: 20 }, (_, index) => `u${index}`);

interface Known {
  /** Null: it is behind, in no cohort. */
  types: readonly string[] | null;
}

/** Compares everything that can be asked with what a list of connections says. */
function assertSame(registry: Registry, known: ReadonlyMap<Connection, Known>): void {
  assert.equal(registry.size, known.size);
  assert.equal(registry.uids, new Set([...known.keys()].map(({ uid }) => uid)).size);
  assert.deepEqual(new Set(registry.all()), new Set(known.keys()));
  assert.equal([...registry.all()].length, known.size);
  assert.deepEqual(
    registry.behind,
    new Set([...known].flatMap(([connection, { types }]) => (types === null ? [connection] : []))),
  );
  for (const uid of uidNames) {
    const found: Connection[] = [];
    registry.forUid(uid, (connection) => found.push(connection));
    const expected = [...known.keys()].filter((connection) => connection.uid === uid);
    assert.equal(found.length, new Set(found).size);
    assert.deepEqual(new Set(found), new Set(expected));
    assert.equal(registry.ofUid(uid).length, expected.length);
  }
  for (const type of [...typeNames, 'nobody wants it']) {
    const found: Connection[] = [];
    registry.forType(type, (cohort) => {
      assert.ok(cohort.members.length > 0, `an empty cohort is kept: ${cohort.key}`);
      found.push(...cohort.members);
    });
    const wanting = [...known].filter(
      ([, { types }]) => types !== null && (types.includes('*') || types.includes(type)),
    );
    assert.equal(found.length, wanting.length, `for ${type}`);
    assert.deepEqual(new Set(found), new Set(wanting.map(([connection]) => connection)));
  }
}

test('what is asked is answered as a plain list would, over 10,000 comings and goings', () => {
  const chance = seeded(4);
  const registry = new Registry();
  const known = new Map<Connection, Known>();
  const types = (): readonly string[] => {
    if (chance.happens(0.2)) return ['*'];
    return Array.from({ length: 1 + chance.below(3) }, () => chance.pick(typeNames));
  };
  for (let step = 0; step < 10_000; step += 1) {
    const kind = chance.below(10);
    if (kind < 4 || known.size === 0) {
      const { connection } = createPeer(chance.pick(uidNames), chance.pick(['plain', 'tracked'] as const));
      const wanted = types();
      registry.add(connection);
      if (chance.happens(0.3)) fallBehind(registry, connection, known);
      else {
        registry.join(connection, wanted);
        known.set(connection, { types: wanted });
      }
    } else if (kind < 8) {
      const connection = chance.pick([...known.keys()]);
      registry.remove(connection);
      if (chance.happens(0.2)) registry.remove(connection);
      known.delete(connection);
    } else {
      const connection = chance.pick([...known.keys()]);
      const wanted = types();
      registry.leave(connection);
      if (chance.happens(0.3)) fallBehind(registry, connection, known);
      else {
        registry.behind.delete(connection);
        connection.behind = null;
        registry.join(connection, wanted);
        known.set(connection, { types: wanted });
      }
    }
    if (step % 250 === 0) assertSame(registry, known);
  }
  assertSame(registry, known);
  for (const connection of known.keys()) registry.remove(connection);
  known.clear();
  assertSame(registry, known);
  assert.deepEqual([...registry.all()], []);
});

/** As the hub does it. */
function fallBehind(registry: Registry, connection: Connection, known: Map<Connection, Known>): void {
  connection.behind = {
    types: ['a'],
    cursor: 0,
    isNew: false,
    gapSaid: 0,
    matchedThrough: 0,
    unsentBytes: 0,
    progressMs: 0,
    isReading: false,
    askAgainMs: 0,
  };
  registry.behind.add(connection);
  known.set(connection, { types: null });
}

test('those who have gone leave nothing behind', () => {
  const registry = new Registry();
  const connections: Connection[] = [];
  const before = countAlive();
  addMany(registry, connections);
  const full = countAlive();
  assert.equal(full.connections - before.connections, 2000, 'the count sees what is there');
  assert.ok(full.sets - before.sets >= 6000);
  removeAll(registry, connections);
  const after = countAlive();
  assert.deepEqual(
    { connections: after.connections - before.connections, cohorts: after.cohorts - before.cohorts },
    { connections: 0, cohorts: 0 },
  );
  assert.ok(after.sets - before.sets < 50, `${after.sets - before.sets} sets of types are kept`);
  assert.equal(registry.size + registry.uids, 0);
});

// Functions of their own, so that no variable of the test keeps a connection alive.
function addMany(registry: Registry, connections: Connection[]): void {
  for (let index = 0; index < 2000; index += 1) {
    const { connection } = createPeer(`u${index % 1500}`, index % 2 === 0 ? 'plain' : 'tracked');
    registry.add(connection);
    registry.join(connection, [`type ${index}`, `other ${index}`]);
    connections.push(connection);
  }
}

function removeAll(registry: Registry, connections: Connection[]): void {
  for (let connection = connections.pop(); connection !== undefined; connection = connections.pop()) {
    registry.remove(connection);
  }
}

/** Objects that are still reachable; collects garbage first. */
function countAlive(): { connections: number; cohorts: number; sets: number } {
  const count = (constructor: typeof Connection | typeof Cohort | typeof Set): number =>
    queryObjects(constructor, { format: 'count' });
  return { connections: count(Connection), cohorts: count(Cohort), sets: count(Set) };
}
