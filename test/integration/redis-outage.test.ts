import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRedisConnection } from '../../src/journal/redis-connection.ts';
import { openInstance } from '../contract/redis-instance.ts';
import { placeAt } from '../contract/redis-place.ts';
import { sampleMessage, sampleMessages } from '../contract/sample-message.ts';
import { startSilentProxy } from '../contract/silent-proxy.ts';
import { endWith } from '../support/cleanup.ts';
import { eventually, within } from '../support/deadline.ts';
import { startRedis } from '../support/redis.ts';

test('Redis is down at the start: posts are refused at once, and all works when it comes up', async (t) => {
  const redis = await startRedis(t);
  await redis.stop();
  const instance = await openInstance(t, redis.port);
  assert.equal(instance.reason(), `Redis at 127.0.0.1:${redis.port} does not answer (ECONNREFUSED).`);
  const refused = await instance.queue.accept([sampleMessage()]);
  assert.ok(!refused.ok);
  assert.equal(refused.code, 'queue_unavailable');
  assert.match(refused.reason, /does not answer \(ECONNREFUSED\)/);
  await assert.rejects(instance.journal.append([sampleMessage()]), { name: 'RedisError', reply: undefined });
  await assert.rejects(instance.journal.read(0, 10), { name: 'RedisError' });

  await redis.start();
  await instance.untilUp();
  const message = sampleMessage();
  assert.deepEqual(await instance.queue.accept([message]), { ok: true });
  assert.deepEqual(await instance.told.ids(1), [message.id]);
  assert.equal(instance.events('redis.down'), 1);
  assert.equal(instance.events('redis.up'), 1);
});

test('Redis hangs: posts are refused within the deadline; nothing accepted is lost, nothing comes twice', async (t) => {
  const redis = await startRedis(t);
  const instances = [await openInstance(t, redis.port), await openInstance(t, redis.port)] as const;
  const [one] = instances;
  const before = sampleMessages(20);
  for (const message of before) assert.deepEqual(await one.queue.accept([message]), { ok: true });

  redis.pause();
  const during = sampleMessages(20);
  const answers = await within(
    Promise.all(during.map((message) => Promise.resolve(one.queue.accept([message])))),
    'an answer to every post',
  );
  for (const answer of answers) assert.ok(!answer.ok && answer.code === 'queue_unavailable');
  await one.untilDown(/does not answer/);
  const late = await within(Promise.resolve(one.queue.accept([sampleMessage()])), 'an answer while it is known');
  assert.ok(!late.ok);
  // The other one has posted nothing: it notices by itself.
  await instances[1].untilDown(/does not answer/);

  redis.resume();
  for (const instance of instances) await instance.untilUp();
  const again = during.map((message) => one.acceptAtLast([message]));
  await Promise.all(again);
  const after = sampleMessages(20);
  for (const message of after) assert.deepEqual(await one.queue.accept([message]), { ok: true });
  const expected = [...before, ...during, ...after].map(({ id }) => id).sort();
  for (const { told } of instances) {
    await told.ids(expected.length);
    assert.deepEqual(told.entries.map(({ message }) => message.id).sort(), expected);
  }
  assert.deepEqual(instances[0].told.entries, instances[1].told.entries);
});

test('Redis is killed and comes back with its file: what was accepted is there, and the numbering goes on', async (t) => {
  const redis = await startRedis(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const instances = [await openInstance(t, redis.port), await openInstance(t, redis.port)] as const;
  const accepted: string[] = [];
  let isPosting = true;
  const posting = instances.map(async ({ queue }) => {
    while (isPosting) {
      const message = sampleMessage();
      if ((await queue.accept([message])).ok) accepted.push(message.id);
      else await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  for (let round = 0; round < 3; round += 1) {
    const enough = accepted.length + 50;
    await within(
      (async () => {
        while (accepted.length < enough) await new Promise((resolve) => setTimeout(resolve, 5));
      })(),
      '50 more posts accepted',
    );
    await redis.kill();
    await redis.start();
    for (const instance of instances) await instance.untilUp();
  }
  isPosting = false;
  await Promise.all(posting);
  const last = sampleMessage();
  await instances[0].acceptAtLast([last]);
  for (const { told } of instances) {
    await within(
      (async () => {
        while (told.entries.at(-1)?.message.id !== last.id) await new Promise((resolve) => setTimeout(resolve, 5));
      })(),
      'the last message',
    );
    told.assertOrdered();
    const ids = told.entries.map(({ message }) => message.id);
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(
      accepted.filter((id) => !ids.includes(id)),
      [],
    );
  }
  assert.deepEqual(instances[0].told.entries, instances[1].told.entries);
  assert.deepEqual(await instances[0].journal.read(0, 100_000), instances[0].told.entries);
});

test('a peer that falls silent is noticed without a post, and what was missed is told', async (t) => {
  const redis = await startRedis(t);
  const proxy = await startSilentProxy(t, redis.port);
  const cut = await openInstance(t, proxy.port);
  const other = await openInstance(t, redis.port);
  await other.queue.accept(sampleMessages(5));
  await cut.told.ids(5);
  proxy.silence();
  await other.queue.accept(sampleMessages(20));
  await cut.told.ids(25);
  assert.deepEqual(cut.told.entries, other.told.entries);
  await cut.untilUp();
});

test('an instance that stops while Redis hangs or is down stops', async (t) => {
  const redis = await startRedis(t);
  const [hung, down, early] = [
    await openInstance(t, redis.port),
    await openInstance(t, redis.port),
    await openInstance(t, redis.port),
  ];
  redis.pause();
  const answer = hung.queue.accept([sampleMessage()]);
  await within(hung.stop(), 'the stop while Redis hangs');
  assert.equal((await answer).ok, false);
  await early.untilDown(/does not answer/);
  await within(early.stop(), 'the stop while a new connection waits for its first answer');
  await redis.kill();
  await down.untilDown(/ECONNREFUSED|closed/);
  await within(down.stop(), 'the stop while Redis is down');
});

test('while Redis is away an instance tries again with longer and longer waits, and logs once', async (t) => {
  const redis = await startRedis(t);
  const proxy = await startSilentProxy(t, redis.port);
  const instance = await openInstance(t, proxy.port);
  proxy.close();
  await instance.untilDown(/closed|ECONNRESET/);
  const before = proxy.connections;
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const tries = proxy.connections - before;
  // Two connections, each after about 50, 100, 200, … ms. One that spins makes thousands.
  assert.ok(tries >= 2 && tries <= 40, `${tries} tries`);
  assert.equal(instance.events('redis.down'), 1);
  proxy.open();
  await instance.untilUp();
  assert.equal(instance.events('redis.up'), 2);
});

test('a connection that owes many answers is given up once, and the next one serves', async (t) => {
  const redis = await startRedis(t);
  const connection = createRedisConnection(
    { onReady: () => {}, onLost: () => {}, onChange: () => {} },
    { settings: placeAt(redis.port, '').settings, deadlineMs: 100 },
  );
  endWith(t, () => connection.close());
  const warnings: string[] = [];
  const note = ({ message }: Error): void => void warnings.push(message);
  process.on('warning', note);
  endWith(t, () => void process.off('warning', note));
  const ready = (): Promise<true> => eventually(() => connection.isReady() || undefined, 'a connection');
  connection.open();
  // The second time it is another connection, which is given up as well.
  for (let round = 0; round < 2; round += 1) {
    await ready();
    redis.pause();
    const owed = Array.from({ length: 30 }, () => connection.run((client) => client.ping()));
    for (const answer of await within(Promise.allSettled(owed), 'the end of every wait')) {
      assert.equal(answer.status, 'rejected');
    }
    assert.equal(connection.isReady(), false);
    redis.resume();
  }
  await ready();
  assert.equal(
    await eventually(() => connection.run((client) => client.ping()).catch(() => undefined), 'PONG'),
    'PONG',
  );
  assert.deepEqual(warnings, []);
});
