import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFinder, type RedisFinder } from '../../src/journal/redis-finder.ts';
import { openInstance, type RedisInstance } from '../contract/redis-instance.ts';
import { sampleMessage, sampleMessages } from '../contract/sample-message.ts';
import { askRedis } from '../support/ask-redis.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { startRedis, type Redis } from '../support/redis.ts';

/** An instance that goes where the test sends it. */
interface Sent {
  readonly instance: RedisInstance;
  goTo(redis: Redis): Promise<void>;
}

async function openSent(scope: Scope, first: Redis): Promise<Sent> {
  let at = first;
  const finder: RedisFinder = createFinder({
    name: 'Redis',
    look: () => Promise.resolve({ host: '127.0.0.1', port: at.port, id: String(at.port) }),
    watch: () => () => {},
  });
  const instance = await openInstance(scope, first.port, { finder });
  await instance.untilUp();
  return {
    instance,
    async goTo(redis) {
      at = redis;
      const ups = instance.events('redis.up');
      await finder.find();
      await eventually(() => (instance.events('redis.up') > ups ? true : undefined), 'the instance to have moved');
      await instance.untilUp();
    },
  };
}

/** A master and its replica, two instances at the master, and five messages that everybody has; then the replica is one no more. */
async function startSplit(t: Scope) {
  const old = await startRedis(t);
  const fresh = await startRedis(t, {
    args: ['--repl-diskless-sync-delay', '0', '--replicaof', '127.0.0.1', String(old.port)],
  });
  endWith(t, () => old.resume());
  const [moves, stays] = [await openSent(t, old), await openSent(t, old)];
  const common = sampleMessages(5);
  for (const message of common) assert.deepEqual(await moves.instance.queue.accept([message]), { ok: true });
  for (const { instance } of [moves, stays]) await instance.told.ids(5);
  await eventually(async () => {
    const length = await askRedis(fresh.port, undefined, (client) => client.xlen('tidings:log')).catch(() => 0);
    return length === 5 ? true : undefined;
  }, 'the replica to have all');
  await askRedis(fresh.port, undefined, (client) => client.replicaof('NO', 'ONE'));
  await moves.goTo(fresh);
  return { fresh, moves, stays };
}

async function post(instance: RedisInstance, count: number): Promise<string[]> {
  const messages = sampleMessages(count);
  for (const message of messages) assert.deepEqual(await instance.queue.accept([message]), { ok: true });
  return messages.map(({ id }) => id);
}

test('who has heard nothing at the old master is told all that the new one took', async (t) => {
  const { fresh, moves, stays } = await startSplit(t);
  const ids = await post(moves.instance, 20);
  await stays.goTo(fresh);
  const told = await stays.instance.told.ids(25);
  assert.deepEqual(told.slice(5), ids);
  assert.deepEqual(stays.instance.gaps, []);
});

test('who has heard something newer at the old master is told that there is a gap, and follows on', async (t) => {
  const { fresh, moves, stays } = await startSplit(t);
  await post(moves.instance, 20);
  await post(stays.instance, 3);
  await stays.instance.told.ids(8);
  const { entries } = stays.instance.told;
  const missed = (await moves.instance.journal.read(entries[4]?.mid ?? 0, 100)).map(({ mid }) => mid);
  assert.equal(missed.length, 20);
  await stays.goTo(fresh);
  assert.deepEqual(stays.instance.gaps, [{ after: (missed[0] ?? 0) - 1, since: entries.at(7)?.mid }]);
  const message = sampleMessage();
  assert.deepEqual(await moves.instance.queue.accept([message]), { ok: true });
  assert.equal((await stays.instance.told.ids(9)).at(-1), message.id);
  // What the old master took and the new one never got is a gap for everybody else.
  assert.deepEqual(moves.instance.gaps, [{ after: missed.at(-1), since: entries.at(7)?.mid }]);
});
