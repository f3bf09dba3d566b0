import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openClient } from '../contract/redis-client.ts';
import { openInstance } from '../contract/redis-instance.ts';
import { sampleMessage, sampleMessages } from '../contract/sample-message.ts';
import { startRedis } from '../support/redis.ts';

test('FLUSHALL: posts go on, mids go on rising, and the gap is reported', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const instances = [await openInstance(t, redis.port), await openInstance(t, redis.port)] as const;
  for (let round = 0; round < 3; round += 1) {
    for (const { queue } of instances) assert.deepEqual(await queue.accept(sampleMessages(10)), { ok: true });
    for (const { told } of instances) await told.ids(20 * (round + 1));
    const lost = instances[0].journal.head();
    await client.flushall();
    for (const { queue } of instances) assert.deepEqual(await queue.accept([]), { ok: true });
    assert.ok((await instances[0].journal.completeSince()) >= lost);
    assert.deepEqual(await instances[0].journal.read(0, 100), []);
  }
  await instances[0].queue.accept([sampleMessage()]);
  for (const { told, gaps } of instances) {
    await told.ids(61);
    assert.equal(gaps.length, 3);
  }
});

test('a store that is lost while its mids were ahead of the clock does not number below what was seen', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const instances = [await openInstance(t, redis.port), await openInstance(t, redis.port)] as const;
  await instances[0].queue.accept(sampleMessages(1));
  const ahead = Date.now() * 1000 + 3_600_000_000;
  await client.hset('tidings:state', 'head', ahead);
  await instances[0].queue.accept(sampleMessages(1));
  for (const { told } of instances) await told.ids(2);
  assert.equal(instances[0].journal.head(), ahead + 1);

  await client.flushall();
  await instances[1].queue.accept(sampleMessages(1));
  for (const { told } of instances) await told.ids(3);
  assert.ok(instances[0].journal.head() > ahead + 1);
  assert.ok((await instances[0].journal.completeSince()) >= ahead + 1);
});

test('Redis restarts empty: instances go on by themselves, above the old mids', async (t) => {
  const redis = await startRedis(t);
  const instances = [await openInstance(t, redis.port), await openInstance(t, redis.port)] as const;
  await instances[0].acceptAtLast(sampleMessages(10));
  for (const { told } of instances) await told.ids(10);
  const lost = instances[0].journal.head();
  await redis.kill();
  await redis.start();
  for (const instance of instances) await instance.untilUp();
  const message = sampleMessage();
  await instances[1].acceptAtLast([message]);
  for (const { told, gaps } of instances) {
    assert.equal((await told.ids(11)).at(-1), message.id);
    assert.ok(gaps.length >= 1);
  }
  assert.ok((await instances[0].journal.completeSince()) >= lost);
});

test('a Redis that comes back without its newest entries: numbering goes on above them, and completeness says so', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const instance = await openInstance(t, redis.port);
  await instance.queue.accept(sampleMessages(5));
  const [kept] = [await client.hgetall('tidings:state'), await instance.told.ids(5)];
  const keptHead = instance.journal.head();
  await instance.queue.accept(sampleMessages(5));
  await instance.told.ids(10);
  const lostHead = instance.journal.head();
  // As an older copy has it: state and log end at the fifth entry.
  await client.hset('tidings:state', kept);
  for (const { mid, message } of instance.told.entries.slice(5)) {
    await client.xdel('tidings:log', `${mid}-0`);
    await client.del(`tidings:i:${message.id}`);
  }
  assert.ok(keptHead < lostHead);
  const message = sampleMessage();
  await instance.queue.accept([message]);
  assert.equal((await instance.told.ids(11)).at(-1), message.id);
  assert.ok((instance.told.entries.at(-1)?.mid ?? 0) > lostHead);
  assert.equal(await instance.journal.completeSince(), lostHead);
  assert.equal((await instance.journal.read(0, 100)).length, 6);
});

test('a log that somebody deleted: what was kept is no longer said to be complete', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const instance = await openInstance(t, redis.port);
  await instance.queue.accept(sampleMessages(5));
  await instance.told.ids(5);
  const head = instance.journal.head();
  await client.del('tidings:log');
  assert.equal(await instance.journal.completeSince(), head);
  await instance.queue.accept(sampleMessages(2));
  await instance.told.ids(7);
  assert.equal((await instance.journal.read(0, 100)).length, 2);
});
