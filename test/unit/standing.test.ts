import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Doorkeeper, type Guest, type House } from '../../src/auth/doorkeeper.ts';
import { createLocalEntry } from '../../src/auth/local-entry.ts';
import type { Entered } from '../../src/auth/entry.ts';
import { grantByWord } from '../../src/auth/listener-auth.ts';
import { createMemoryStanding } from '../../src/auth/memory-standing.ts';
import { forGoodMs, goodStanding, type Action, type Change } from '../../src/auth/standing.ts';
import { Standings } from '../../src/auth/standings.ts';

interface FakeGuest extends Guest {
  isOpen: boolean;
  code: number;
}

/** A house whose guests leave when they are told to, and not before `closed`. */
function createHouse({
  asksListeners = true,
  maxConnectionsPerUid = 2,
  uidConnections = 'refuse' as 'refuse' | 'replace',
  maxShutOut = 100,
} = {}) {
  const guests: FakeGuest[] = [];
  const house: House<FakeGuest> = {
    connectionsOf: (uid) => guests.filter((guest) => guest.uid === uid),
    dismiss(guest, code) {
      guest.isOpen = false;
      guest.code = code;
    },
  };
  const counters = { kicked: 0, replaced: 0, uidFull: 0, shutOut: 0 };
  const clock = { ms: 1000 };
  const now = (): number => clock.ms;
  const doorkeeper = new Doorkeeper(
    { house: house as House, now, counters, standings: new Standings() },
    { asksListeners },
  );
  const entry = createLocalEntry(
    { doorkeeper, house: house as House, counters },
    { maxConnectionsPerUid, uidConnections },
  );
  const truth = createMemoryStanding({ standings: doorkeeper.standings, now }, { maxShutOut });
  const desk = {
    async act(uid: string, action: Action): Promise<Change> {
      const change = await truth.act(uid, action);
      return change === 'full' ? assert.fail(change) : change;
    },
  };
  const come = (uid: string, { issuedAtMs = 0, maxConnections = null as number | null } = {}): FakeGuest | string => {
    const entered = entry.enter({ ...grantByWord(uid), issuedAtMs, maxConnections }) as Entered;
    if (!entered.ok) return entered.code;
    const guest = { uid, seat: entered.seat, issuedAtMs, isOpen: true, code: 0 };
    guests.push(guest);
    return guest;
  };
  const codes = (uid: string): number[] => house.connectionsOf(uid).map(({ code }) => code);
  const close = (guest: FakeGuest | string): void => void guests.splice(guests.indexOf(guest as FakeGuest), 1);
  return { doorkeeper, truth, desk, come, codes, close, clock, counters };
}

test('who is blocked is closed and not taken, until the term is over; nobody else is concerned', async () => {
  const { doorkeeper, desk, come, codes, clock, counters } = createHouse();
  come('1');
  come('2');
  assert.equal(doorkeeper.carryOut(await desk.act('1', { kind: 'block', untilMs: 2000 })), 1);
  assert.deepEqual([codes('1'), codes('2')], [[4503], [0]]);
  assert.equal(come('1'), 'uid_blocked');
  clock.ms = 1999;
  assert.equal(come('1'), 'uid_blocked');
  clock.ms = 2000;
  assert.equal(typeof come('1'), 'object');
  assert.deepEqual(counters, { kicked: 1, replaced: 0, uidFull: 0, shutOut: 2 });
});

test('a block for good has no end but being lifted', async () => {
  const { doorkeeper, desk, come, clock } = createHouse();
  doorkeeper.carryOut(await desk.act('1', { kind: 'block', untilMs: forGoodMs }));
  clock.ms = 9e15;
  assert.equal(come('1'), 'uid_blocked');
  doorkeeper.carryOut(await desk.act('1', { kind: 'unblock' }));
  assert.equal(typeof come('1'), 'object');
});

test('revoking concerns what was issued before, and what nobody knows when', async () => {
  const { doorkeeper, desk, come, codes } = createHouse({ maxConnectionsPerUid: 10 });
  for (const issuedAtMs of [0, 499, 500, 501]) come('1', { issuedAtMs });
  assert.equal(doorkeeper.carryOut(await desk.act('1', { kind: 'revoke', beforeMs: 500 })), 2);
  assert.deepEqual(codes('1'), [4502, 4502, 0, 0]);
  assert.equal(come('1', { issuedAtMs: 499 }), 'token_revoked');
  assert.equal(typeof come('1', { issuedAtMs: 500 }), 'object');
  // An earlier instant gives nothing back.
  doorkeeper.carryOut(await desk.act('1', { kind: 'revoke', beforeMs: 100 }));
  assert.equal(come('1', { issuedAtMs: 499 }), 'token_revoked');
});

test('where nobody is asked for anything, nothing of his is revoked', async () => {
  const { doorkeeper, desk, come, codes } = createHouse({ asksListeners: false });
  come('1');
  assert.equal(doorkeeper.carryOut(await desk.act('1', { kind: 'revoke', beforeMs: 500 })), 0);
  assert.deepEqual([codes('1'), typeof come('1')], [[0], 'object']);
});

test('a disconnect closes all that are open, once, and shuts nobody out', async () => {
  const { doorkeeper, desk, come, codes } = createHouse();
  come('1');
  const change = await desk.act('1', { kind: 'disconnect' });
  assert.equal(doorkeeper.carryOut(change), 1);
  assert.equal(doorkeeper.carryOut(change), 0, 'one that is closing is not closed again');
  assert.deepEqual([codes('1'), typeof come('1')], [[4100], 'object']);
});

test('a uid has as many connections as it may have, and one more is refused', () => {
  const { come, close, counters } = createHouse();
  const first = come('1');
  come('1');
  assert.equal(come('1'), 'uid_connections_exceeded');
  assert.equal(typeof come('2'), 'object');
  close(first);
  assert.equal(typeof come('1'), 'object');
  assert.equal(counters.uidFull, 1);
});

test('what somebody came with allows more, or fewer', () => {
  const { come } = createHouse();
  for (let have = 0; have < 3; have += 1) assert.equal(typeof come('1', { maxConnections: 3 }), 'object');
  assert.equal(come('1', { maxConnections: 3 }), 'uid_connections_exceeded');
  come('2', { maxConnections: 1 });
  assert.equal(come('2', { maxConnections: 1 }), 'uid_connections_exceeded');
  assert.equal(come('3', { maxConnections: 0 }), 'uid_connections_exceeded');
});

test('replacing, the oldest that is open goes', () => {
  const { come, codes, counters } = createHouse({ uidConnections: 'replace' });
  for (let have = 0; have < 4; have += 1) come('1');
  assert.deepEqual(codes('1'), [4504, 4504, 0, 0]);
  assert.deepEqual([counters.replaced, counters.uidFull], [2, 0]);
  // A limit that is lower than what is there: as many go as are too many.
  come('1', { maxConnections: 1 });
  assert.deepEqual(codes('1'), [4504, 4504, 4504, 4504, 0]);
});

test('what is over is not remembered', () => {
  const standings = new Standings();
  for (let uid = 0; uid < 100; uid += 1) standings.set(`${uid}`, { ...goodStanding, blockedUntilMs: 10 }, 0);
  assert.equal(standings.size, 100);
  for (let uid = 0; uid < 60; uid += 1) standings.set('x', { ...goodStanding, blockedUntilMs: 1000 }, 20);
  assert.deepEqual([standings.size, standings.get('5')], [1, goodStanding]);
  standings.set('x', { blockedUntilMs: 0, revokedBeforeMs: 7 }, 20);
  assert.equal(standings.get('x').revokedBeforeMs, 7);
});

test('no more uids are shut out than may be, and the one more is neither blocked nor told of', async () => {
  const { truth, come, clock } = createHouse({ maxShutOut: 3 });
  const isFull = async (uid: string, action: Action): Promise<boolean> => (await truth.act(uid, action)) === 'full';
  const block: Action = { kind: 'block', untilMs: forGoodMs };
  const revoke: Action = { kind: 'revoke', beforeMs: 500 };
  assert.equal(await isFull('1', block), false);
  assert.equal(await isFull('2', revoke), false);
  assert.equal(await isFull('3', { kind: 'block', untilMs: 2000 }), false);
  const { through } = truth.news(-1);
  assert.deepEqual([await isFull('4', block), await isFull('4', revoke)], [true, true]);
  assert.deepEqual([truth.news(through).changes, typeof come('4')], [[], 'object']);
  // Who is among them already may be shut out further, and what shuts nobody out needs no room.
  for (const uid of ['1', '2', '3'])
    assert.deepEqual([await isFull(uid, block), await isFull(uid, revoke)], [false, false]);
  for (const kind of ['disconnect', 'unblock', 'unrevoke'] as const) assert.equal(await isFull('4', { kind }), false);
  assert.equal(await isFull('4', { kind: 'block', untilMs: clock.ms }), false, 'it is over already');
  assert.equal(await isFull('4', block), true);
});

test('what is lifted, forgotten or over makes room, and what is only half of it does not', async () => {
  const { truth, clock } = createHouse({ maxShutOut: 2 });
  const isFull = async (uid: string, action: Action): Promise<boolean> => (await truth.act(uid, action)) === 'full';
  const block: Action = { kind: 'block', untilMs: forGoodMs };
  await truth.act('1', block);
  await truth.act('1', { kind: 'revoke', beforeMs: 500 });
  await truth.act('2', { kind: 'block', untilMs: 2000 });
  await truth.act('1', { kind: 'unblock' });
  assert.equal(await isFull('3', block), true, 'something of 1 is revoked');
  await truth.act('1', { kind: 'unrevoke' });
  assert.equal(await isFull('3', block), false);
  clock.ms = 1999;
  assert.equal(await isFull('4', block), true);
  clock.ms = 2000;
  assert.equal(await isFull('4', block), false);
  assert.equal(await isFull('2', block), true);
});
