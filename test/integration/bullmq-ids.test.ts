import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Redis } from 'ioredis';
import { openClient } from '../contract/redis-client.ts';
import { openInstance, type RedisInstance } from '../contract/redis-instance.ts';
import { sampleMessage, sampleMessages } from '../contract/sample-message.ts';
import { eventually } from '../support/deadline.ts';
import { startRedis } from '../support/redis.ts';

const dayMs = 24 * 3_600_000;

/** Waits until BullMQ has forgotten every job. */
async function untilNoJobs(client: Redis): Promise<void> {
  await eventually(async () => {
    const keys = await client.keys('tidings:send:[0-9a]*');
    return keys.filter((key) => /:(\d+|at-[^:]*)$/.test(key)).length === 0 ? true : undefined;
  }, 'the end of every job');
}

async function jobsMade(client: Redis): Promise<number> {
  return Number((await client.get('tidings:send:id')) ?? 0);
}

async function assertConflict(instance: RedisInstance, messages: Parameters<typeof instance.queue.accept>[0]) {
  const answer = await instance.queue.accept(messages);
  assert.ok(!answer.ok && answer.code === 'id_conflict', JSON.stringify(answer));
}

test('bullmq: an id is known although its job is gone, for as long as ids are remembered', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const options = { queue: 'bullmq', retention: { idMs: dayMs, ageMs: 60_000, messages: 10 } } as const;
  const [one, two] = [await openInstance(t, redis.port, options), await openInstance(t, redis.port, options)];
  for (const instance of [one, two]) await instance.untilUp();
  const message = sampleMessage({ fingerprint: 'f1' });
  const ours = sampleMessage();
  await one.acceptAtLast([message]);
  await one.acceptAtLast([ours]);
  await two.told.ids(2);
  // The log forgets it as well.
  const others = sampleMessages(20);
  await one.acceptAtLast(others);
  await two.told.ids(22);
  assert.equal((await two.journal.read(0, 100)).length, 10);
  await untilNoJobs(client);
  assert.ok((await client.pttl(`tidings:i:${message.id}`)) > dayMs - 60_000);

  // What tells a redelivered job is for jobs that are not done.
  await eventually(
    async () => ((await client.keys('tidings:j:*')).length === 0 ? true : undefined),
    'the end of every unit',
  );

  const before = await jobsMade(client);
  assert.deepEqual(await two.queue.accept([message]), { ok: true });
  assert.equal(await jobsMade(client), before, 'a job for what was handed on');
  await assertConflict(two, [{ ...message, fingerprint: 'f2' }]);
  const last = sampleMessage();
  await two.acceptAtLast([message, last]);
  const ids = await one.told.ids(23);
  assert.equal(ids.at(-1), last.id);
});

test('bullmq: a claim whose job was never added does not lose the repeat', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const instance = await openInstance(t, redis.port, { queue: 'bullmq' });
  await instance.untilUp();
  const message = sampleMessage({ fingerprint: 'f1' });
  await client.set(`tidings:i:${message.id}`, '0 f1', 'PX', 60_000);
  await instance.acceptAtLast([message]);
  assert.deepEqual(await instance.told.ids(1), [message.id]);
});

test('bullmq: repeats over and over, by two instances, while jobs wait: each message arrives once', async (t) => {
  const redis = await startRedis(t);
  const instances = [
    await openInstance(t, redis.port, { queue: 'bullmq' }),
    await openInstance(t, redis.port, { queue: 'bullmq' }),
  ] as const;
  for (const instance of instances) await instance.untilUp();
  const messages = sampleMessages(50, { fingerprint: 'f1' });
  await Promise.all(
    [...messages, ...messages, ...messages].map(async (message, index) => {
      assert.deepEqual(await instances[index % 2 === 0 ? 0 : 1].queue.accept([message]), { ok: true });
    }),
  );
  const last = sampleMessage();
  await eventually(() => (instances[0].told.entries.length >= 50 ? true : undefined), '50 entries');
  for (const message of messages) await instances[1].acceptAtLast([message]);
  await untilNoJobs(openClient(t, redis.url));
  await instances[1].acceptAtLast([last]);
  const ids = await instances[0].told.ids(51);
  assert.deepEqual(ids.sort(), [...messages, last].map(({ id }) => id).sort());
});

test('bullmq: a message whose id was forgotten and used anew while its job waited is kept apart', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const { Queue } = await import('bullmq');
  const jobs = new Queue('send', { prefix: 'tidings', connection: client });
  const instance = await openInstance(t, redis.port, { queue: 'bullmq' });
  await instance.untilUp();
  await jobs.pause();
  const [first, beside] = [sampleMessage({ fingerprint: 'f1' }), sampleMessage()];
  await instance.acceptAtLast([first, beside]);
  await client.set(`tidings:i:${first.id}`, '7 f2', 'PX', 60_000);
  await jobs.resume();
  assert.deepEqual(await instance.told.ids(1), [beside.id]);
  await eventually(() => (instance.failed.length > 0 ? true : undefined), 'what was given up');
  assert.deepEqual(
    instance.failed.map(({ id }) => id),
    [first.id],
  );
  const kept = await instance.queue.backlog?.failed(0, 10);
  assert.equal(kept?.total, 1);
  assert.deepEqual(kept.items[0]?.ids, [first.id]);
  assert.match(kept.items[0]?.reason ?? '', /used before/);
  await jobs.close();
});

test('bullmq: an id is remembered from when it was accepted, or is scheduled for', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const { Queue } = await import('bullmq');
  const jobs = new Queue('send', { prefix: 'tidings', connection: client });
  const instance = await openInstance(t, redis.port, { queue: 'bullmq', retention: { idMs: dayMs, ageMs: 60_000 } });
  await instance.untilUp();
  await jobs.pause();
  const laterMs = 10 * dayMs;
  const deliverAtMs = Date.now() + laterMs;
  const [waiting, later, ours] = [
    sampleMessage({ fingerprint: 'f1' }),
    sampleMessage({ fingerprint: 'f1', deliverAtMs }),
    sampleMessage({ deliverAtMs }),
  ];
  await instance.acceptAtLast([waiting, later, ours]);
  const leftMs = async ({ id }: { readonly id: string }, expectedMs: number): Promise<void> => {
    const left = await client.pttl(`tidings:i:${id}`);
    assert.ok(left > expectedMs - 30_000 && left <= expectedMs, `${left} ms of ${expectedMs}`);
  };
  await leftMs(waiting, dayMs);
  await leftMs(later, laterMs + dayMs);
  await leftMs(ours, laterMs + 60_000);
  await jobs.close();
});
