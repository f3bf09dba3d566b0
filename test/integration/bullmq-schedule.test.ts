import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Queue } from 'bullmq';
import { RedisError } from '../../src/journal/redis-connection.ts';
import { openClient } from '../contract/redis-client.ts';
import { openInstance } from '../contract/redis-instance.ts';
import { sampleMessage, sampleMessages } from '../contract/sample-message.ts';
import { endWith } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { startRedis, type Redis } from '../support/redis.ts';

/** The jobs as BullMQ has them: to hold workers up. */
function openJobs(t: TestContext, redis: Redis): Queue {
  const jobs = new Queue('send', { prefix: 'tidings', connection: openClient(t, redis.url) });
  endWith(t, () => jobs.close());
  return jobs;
}

test('bullmq: scheduled, and over before a worker comes to it: dropped and counted', async (t) => {
  const redis = await startRedis(t);
  const handedOn: string[] = [];
  const instance = await openInstance(t, redis.port, {
    queue: 'bullmq',
    wrapJournal: (journal) => ({
      ...journal,
      append(messages, unit) {
        handedOn.push(...messages.map(({ id }) => id));
        return journal.append(messages, unit);
      },
    }),
  });
  await instance.untilUp();
  const jobs = openJobs(t, redis);
  await jobs.pause();
  const deliverAtMs = Date.now() + 200;
  const [over, due] = [
    sampleMessage({ deliverAtMs, expiresAtMs: deliverAtMs + 300 }),
    sampleMessage({ deliverAtMs, expiresAtMs: deliverAtMs + 3_600_000 }),
  ];
  await instance.acceptAtLast([over, due]);
  await eventually(() => (Date.now() > over.expiresAtMs ? true : undefined), 'its timeout');
  assert.equal(instance.expired.length, 0);
  await jobs.resume();
  assert.deepEqual(await instance.told.ids(1), [due.id]);
  await eventually(() => (instance.expired.length > 0 ? true : undefined), 'the drop');
  assert.deepEqual(
    instance.expired.map(({ id }) => id),
    [over.id],
  );
  assert.deepEqual(handedOn, [due.id]);
  assert.deepEqual(await instance.queue.backlog?.scheduled(0, 10), { total: 0, items: [] });
});

test('bullmq: a job that the clock of the machine brings too early waits', async (t) => {
  const redis = await startRedis(t);
  const now = (): number => Date.now() - 3_600_000;
  const instance = await openInstance(t, redis.port, { queue: 'bullmq', now });
  await instance.untilUp();
  const message = sampleMessage({ deliverAtMs: now() + 1000 });
  await instance.acceptAtLast([message]);
  assert.deepEqual(await instance.told.ids(1), [message.id]);
  assert.ok(now() >= message.deliverAtMs);
});

test('bullmq: what waits in a job with others is cancelled alone', async (t) => {
  const redis = await startRedis(t);
  const instance = await openInstance(t, redis.port, { queue: 'bullmq' });
  await instance.untilUp();
  const jobs = openJobs(t, redis);
  await jobs.pause();
  const messages = [...sampleMessages(2), ...sampleMessages(2, { fingerprint: 'f1' })];
  await instance.acceptAtLast(messages);
  const [ours, keptOurs, theirs, keptTheirs] = messages.map(({ id }) => id);
  assert.equal(await instance.queue.backlog?.cancel(ours ?? ''), true);
  assert.equal(await instance.queue.backlog?.cancel(theirs ?? ''), true);
  assert.equal(await instance.queue.backlog?.cancel(theirs ?? ''), false);
  await jobs.resume();
  assert.deepEqual(await instance.told.ids(2), [keptOurs, keptTheirs]);
});

test('bullmq: what a worker holds already is cancelled, or was handed on: never both', async (t) => {
  const redis = await startRedis(t);
  let hold = (): void => {};
  const isHeld = new Promise<void>((resolve) => (hold = resolve));
  let release = (): void => {};
  const isReleased = new Promise<void>((resolve) => (release = resolve));
  const instance = await openInstance(t, redis.port, {
    queue: 'bullmq',
    wrapJournal: (journal) => ({
      ...journal,
      async append(...call) {
        hold();
        await isReleased;
        return journal.append(...call);
      },
    }),
  });
  await instance.untilUp();
  const message = sampleMessage({ deliverAtMs: Date.now() + 50 });
  await instance.acceptAtLast([message]);
  await isHeld;
  assert.equal(await instance.queue.backlog?.findScheduled(message.id), undefined, 'it waits for nothing any more');
  assert.equal(await instance.queue.backlog?.cancel(message.id), true);
  release();
  const last = sampleMessage();
  await instance.acceptAtLast([last]);
  assert.deepEqual(await instance.told.ids(1), [last.id]);
});

test('bullmq: jobs that are tried again are not in the list of what is scheduled', async (t) => {
  const redis = await startRedis(t);
  let isRefusing = true;
  const instance = await openInstance(t, redis.port, {
    queue: 'bullmq',
    wrapJournal: (journal) => ({
      ...journal,
      append: (...call) =>
        isRefusing ? Promise.reject(new RedisError('It is loading.', 'LOADING')) : journal.append(...call),
    }),
  });
  await instance.untilUp();
  const [retried, later] = [sampleMessage(), sampleMessage({ deliverAtMs: Date.now() + 3_600_000 })];
  await instance.acceptAtLast([retried, later]);
  const jobs = openJobs(t, redis);
  await eventually(async () => ((await jobs.getDelayedCount()) === 2 ? true : undefined), 'the wait for the next try');
  const listed = await instance.queue.backlog?.scheduled(0, 10);
  assert.equal(listed?.total, 1);
  assert.deepEqual(
    listed.items.map(({ id }) => id),
    [later.id],
  );
  isRefusing = false;
  assert.deepEqual(await instance.told.ids(1), [retried.id]);
});
