import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRedisConnection } from '../../src/journal/redis-connection.ts';
import { journalKeys } from '../../src/journal/redis-scripts.ts';
import { createRedisStore } from '../../src/journal/redis-store.ts';
import type { Message } from '../../src/message/message.ts';
import { openClient } from '../contract/redis-client.ts';
import { openInstance, type RedisInstance } from '../contract/redis-instance.ts';
import { placeAt, plenty, quiet } from '../contract/redis-place.ts';
import { sampleMessage, sampleMessages } from '../contract/sample-message.ts';
import { startSilentProxy } from '../contract/silent-proxy.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { startRedis } from '../support/redis.ts';

test('the subscriptions are cut again and again while two instances post: nothing is missing, in one order', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const options = { deadlineMs: 10_000 };
  const instances = [await openInstance(t, redis.port, options), await openInstance(t, redis.port, options)] as const;
  let isPosting = true;
  let accepted = 0;
  const posting = instances.map(async ({ queue }) => {
    while (isPosting) {
      const messages = sampleMessages(1 + (accepted % 3));
      const answer = await queue.accept(messages);
      assert.deepEqual(answer, { ok: true });
      accepted += messages.length;
    }
  });
  let cut = 0;
  for (let round = 0; round < 25; round += 1) {
    const enough = accepted + 30;
    await eventually(() => (accepted >= enough ? true : undefined), '30 more posts accepted');
    cut += Number(await client.call('client', ['kill', 'type', 'pubsub']));
    await eventually(async () => {
      const channels = String(await client.pubsub('NUMSUB', 'tidings:news'));
      return channels === 'tidings:news,2' ? true : undefined;
    }, 'both subscriptions');
  }
  isPosting = false;
  await Promise.all(posting);
  assert.ok(cut >= 50, `${cut} subscriptions were cut`);
  for (const { told } of instances) await told.ids(accepted);
  assert.deepEqual(instances[0].told.entries, instances[1].told.entries);
  for (const { gaps } of instances) assert.deepEqual(gaps, []);
});

test('an announcement that got lost while the subscription was up is read from the log', async (t) => {
  const redis = await startRedis(t);
  const instance = await openInstance(t, redis.port);
  await instance.queue.accept(sampleMessages(1));
  const unheard = sampleMessages(3);
  await appendUnheard(t, redis.port, unheard);
  await instance.queue.accept(sampleMessages(1));
  const told = await instance.told.ids(5);
  assert.deepEqual(
    told.slice(1, 4),
    unheard.map(({ id }) => id),
  );
  assert.deepEqual(await instance.journal.read(0, 10), instance.told.entries);
});

test('what was posted while an instance was cut off is read page by page, and then it follows on', async (t) => {
  const { cut, other, proxy } = await pair(t);
  proxy.close();
  await cut.untilDown(/./);
  for (let batch = 0; batch < 5; batch += 1) await other.queue.accept(sampleMessages(250));
  proxy.open();
  await cut.told.ids(1250);
  await cut.untilUp();
  await other.queue.accept(sampleMessages(10));
  await cut.told.ids(1260);
  assert.deepEqual(cut.told.entries, other.told.entries);
  assert.deepEqual(cut.gaps, []);
});

test('what is no longer kept when an instance comes back is reported as a gap, and the rest is told', async (t) => {
  const { cut, other, proxy } = await pair(t, { messages: 100 });
  await other.queue.accept(sampleMessages(5));
  await cut.told.ids(5);
  const after = cut.journal.head();
  proxy.close();
  await cut.untilDown(/./);
  await other.queue.accept(sampleMessages(300));
  await other.told.ids(305);
  proxy.open();
  await cut.told.ids(105);
  assert.deepEqual(cut.told.entries.slice(5), other.told.entries.slice(-100));
  assert.deepEqual(cut.gaps, [{ after, since: other.told.entries.at(-101)?.mid }]);
  assert.equal(cut.events('journal.gap'), 1);
  assert.deepEqual(other.gaps, []);
});

test('what a stranger publishes on the channel costs nothing but a look into the log', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const instance = await openInstance(t, redis.port);
  const junk = [
    '',
    ' ',
    '1',
    '1 2 1',
    '0 1 1\n["a"]\n{}',
    '1e999 NaN 0',
    '5 4 3',
    `${Number.MAX_SAFE_INTEGER} 1 0`,
    '\n\n',
  ];
  for (const text of junk) {
    await client.publish('tidings:news', text);
    await instance.queue.accept([sampleMessage()]);
  }
  await instance.told.ids(junk.length);
  await instance.untilUp();
  assert.deepEqual(instance.gaps, []);
});

test('entries of the log that are not ours are passed over, a page of them too', async (t) => {
  const { cut, other, proxy, client } = await pair(t);
  proxy.close();
  await cut.untilDown(/./);
  await other.queue.accept(sampleMessages(2));
  await other.told.ids(2);
  const head = other.journal.head();
  for (let next = 1; next <= 250; next += 1) await client.xadd('tidings:log', `${head + next}-0`, 'stranger', 'x');
  await other.queue.accept(sampleMessages(2));
  proxy.open();
  await cut.told.ids(4);
  await cut.untilUp();
  assert.deepEqual(cut.told.entries, other.told.entries);
});

/** Appends to the log, and announces it where nobody listens. */
async function appendUnheard(scope: Scope, port: number, messages: readonly Message[]): Promise<void> {
  const deps = { onReady: () => {}, onLost: () => {}, onChange: () => {} };
  const { settings, deadlineMs } = placeAt(port, 'tidings');
  const connection = createRedisConnection(deps, { settings, deadlineMs });
  endWith(scope, () => connection.close());
  connection.open();
  await eventually(() => (connection.isReady() ? true : undefined), 'a connection');
  const store = createRedisStore(
    { connection, log: quiet, now: Date.now, isExpired: () => false },
    { keys: { ...journalKeys('tidings'), news: 'another-channel' }, retention: plenty },
  );
  await store.append(0, [{ name: '', messages }]);
}

async function pair(t: Parameters<typeof startRedis>[0], retention = {}) {
  const redis = await startRedis(t);
  const proxy = await startSilentProxy(t, redis.port);
  const cut: RedisInstance = await openInstance(t, proxy.port, { retention });
  const other: RedisInstance = await openInstance(t, redis.port, { retention });
  return { cut, other, proxy, client: openClient(t, redis.url) };
}
