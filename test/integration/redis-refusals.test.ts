import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RedisError } from '../../src/journal/redis-connection.ts';
import { openClient } from '../contract/redis-client.ts';
import { openInstance } from '../contract/redis-instance.ts';
import { sampleMessage, sampleMessages } from '../contract/sample-message.ts';
import { startRedis } from '../support/redis.ts';

const password = 'p@ss:w/ö rd "quoted"';

test('password and database are used; every name has the prefix', async (t) => {
  const redis = await startRedis(t, { password });
  const client = openClient(t, redis.url);
  for (const queue of ['redis', 'bullmq'] as const) {
    const instance = await openInstance(t, redis.port, { queue, settings: { password, db: 3 } });
    await instance.untilUp();
    assert.deepEqual(await instance.queue.accept(sampleMessages(3)), { ok: true });
    await instance.told.ids(3);
    await instance.stop();
  }
  assert.deepEqual(await client.keys('*'), []);
  await client.select(3);
  const keys = await client.keys('*');
  assert.deepEqual(
    keys.filter((key) => !key.startsWith('tidings:')),
    [],
  );
  for (const key of ['tidings:state', 'tidings:log', 'tidings:m:1']) assert.ok(keys.includes(key), key);
  assert.ok(
    keys.some((key) => key.startsWith('tidings:send:')),
    'keys of the bullmq queue',
  );
});

test('a wrong password, a missing one: the reason says so, nothing repeats it, and the right one works later', async (t) => {
  const redis = await startRedis(t, { password });
  const client = openClient(t, redis.url);
  const wrong = await openInstance(t, redis.port, { settings: { password: 'not-this-one' } });
  await wrong.untilDown(/^Redis at 127\.0\.0\.1:\d+ refuses: WRONGPASS/);
  const missing = await openInstance(t, redis.port);
  await missing.untilDown(/refuses: NOAUTH/);
  for (const instance of [wrong, missing]) {
    const answer = await instance.queue.accept([sampleMessage()]);
    assert.ok(!answer.ok);
    assert.doesNotMatch(instance.logged.join('\n') + answer.reason, /not-this-one/);
    assert.equal(instance.events('redis.down'), 1);
  }
  await client.config('SET', 'requirepass', 'not-this-one');
  await wrong.untilUp();
  const message = sampleMessage();
  await wrong.acceptAtLast([message]);
  assert.deepEqual(await wrong.told.ids(1), [message.id]);
});

test('a password for a Redis that asks for none does no harm', async (t) => {
  const redis = await startRedis(t);
  const instance = await openInstance(t, redis.port, { settings: { password } });
  await instance.untilUp();
  await instance.queue.accept(sampleMessages(3));
  await instance.told.ids(3);
});

test('a Redis that is full: refused with its reason, ready again by itself', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const instance = await openInstance(t, redis.port);
  await client.config('SET', 'maxmemory', '1');
  const answer = await instance.queue.accept([sampleMessage()]);
  assert.ok(!answer.ok);
  assert.match(answer.reason, /refuses: OOM/);
  assert.match(instance.reason(), /refuses: OOM/);
  const error: unknown = await instance.journal.append([sampleMessage()]).catch((reason: unknown) => reason);
  assert.ok(error instanceof RedisError);
  assert.match(error.reply ?? '', /^OOM /);
  await client.config('SET', 'maxmemory', '0');
  await instance.untilUp();
  await instance.queue.accept(sampleMessages(2));
  await instance.told.ids(2);
  assert.equal(instance.events('redis.down'), 1);
});

test('a Redis that has become a replica: an instance that posts nothing notices, and recovers', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const instance = await openInstance(t, redis.port);
  await client.call('replicaof', ['127.0.0.1', '1']);
  await instance.untilDown(/refuses: READONLY/);
  assert.equal((await instance.queue.accept([sampleMessage()])).ok, false);
  await client.call('replicaof', ['no', 'one']);
  await instance.untilUp();
  await instance.queue.accept(sampleMessages(2));
  await instance.told.ids(2);
});

test('a Redis that is still loading its file is waited for', async (t) => {
  const slowly = [
    '--loading-process-events-interval-bytes',
    '1024',
    '--rdbcompression',
    'no',
    '--key-load-delay',
    '10000',
  ];
  const redis = await startRedis(t, { args: slowly });
  const client = openClient(t, redis.url);
  const instance = await openInstance(t, redis.port);
  assert.deepEqual(await instance.queue.accept(sampleMessages(500)), { ok: true });
  await instance.told.ids(500);
  for (let key = 0; key < 200; key += 1) await client.set(`filler-${key}`, 'x'.repeat(1024));
  await client.save();
  await redis.kill();
  const started = redis.start();
  await instance.untilDown(/refuses: LOADING/);
  await started;
  await instance.untilUp();
  await instance.acceptAtLast([sampleMessage()]);
  await instance.told.ids(501);
  assert.deepEqual(instance.gaps, []);
});
