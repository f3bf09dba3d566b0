import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openClient } from '../contract/redis-client.ts';
import { openInstance } from '../contract/redis-instance.ts';
import { sampleMessage, sampleMessages } from '../contract/sample-message.ts';
import { startChild } from '../support/child.ts';
import { endWith } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { startRedis } from '../support/redis.ts';

const holder = fileURLToPath(new URL('../contract/bullmq-holder.js', import.meta.url));

for (const when of ['before it appended', 'after it appended'] as const) {
  test(`a worker is killed with a job in its hands, ${when}: another one delivers it, once`, async (t) => {
    const redis = await startRedis(t);
    const args = [holder, String(redis.port), when === 'after it appended' ? 'appends' : 'holds'];
    // A follower without a worker.
    const follower = await openInstance(t, redis.port, { queue: 'redis' });
    const child = await startChild(process.execPath, args);
    endWith(t, async () => {
      if (!child.hasExited()) await child.end('SIGKILL');
    });
    await child.line((line) => line === 'holds 5', 'the job in its hands');
    const client = openClient(t, redis.url);
    assert.equal(await client.llen('tidings:send:active'), 1);

    const other = await openInstance(t, redis.port, { queue: 'bullmq' });
    await other.untilUp();
    await child.end('SIGKILL');
    await eventually(
      async () => ((await client.exists('tidings:send:1')) === 0 ? true : undefined),
      'the end of the job',
    );
    const last = sampleMessage({ id: 'last' });
    await other.acceptAtLast([last]);
    assert.deepEqual(await follower.told.ids(6), ['m1', 'm2', 'm3', 'm4', 'm5', 'last']);
  });
}

test('a job whose append fails is tried again until it succeeds', async (t) => {
  const redis = await startRedis(t);
  let failures = 0;
  const instance = await openInstance(t, redis.port, {
    queue: 'bullmq',
    wrapJournal: (journal) => ({
      ...journal,
      append(...call) {
        if (failures === 4) return journal.append(...call);
        failures += 1;
        return Promise.reject(new Error('not now'));
      },
    }),
  });
  await instance.untilUp();
  const messages = sampleMessages(3);
  await instance.acceptAtLast(messages);
  assert.deepEqual(
    await instance.told.ids(3),
    messages.map(({ id }) => id),
  );
  assert.equal(failures, 4);
  assert.equal(instance.events('bullmq.worker'), 1);
});

test('what has expired when a worker comes to it is dropped and counted', async (t) => {
  const redis = await startRedis(t);
  const expiresAtMs = Date.now() + 3_600_000;
  let failures = 2;
  const instance = await openInstance(t, redis.port, {
    queue: 'bullmq',
    now: () => expiresAtMs,
    wrapJournal: (journal) => ({
      ...journal,
      append(...call) {
        if (failures === 0) return journal.append(...call);
        failures -= 1;
        return Promise.reject(new Error('not now'));
      },
    }),
  });
  await instance.untilUp();
  const [expired, due] = [sampleMessages(3, { expiresAtMs }), sampleMessages(3, { expiresAtMs: expiresAtMs + 1 })];
  await instance.acceptAtLast([...expired, ...due]);
  await instance.acceptAtLast(expired.slice(0, 1));
  assert.deepEqual(
    await instance.told.ids(3),
    due.map(({ id }) => id),
  );
  await eventually(() => (instance.expired.length >= 4 ? true : undefined), 'four expired messages');
  const ids = (messages: readonly { readonly id: string }[]): string[] => messages.map(({ id }) => id).sort();
  assert.deepEqual(ids(instance.expired), ids([...expired, ...expired.slice(0, 1)]));
  assert.equal((await instance.journal.read(0, 100)).length, 3);
});

test('a job that is redelivered after its entries were trimmed is not appended again', async (t) => {
  const redis = await startRedis(t);
  const follower = await openInstance(t, redis.port, { queue: 'redis', retention: { messages: 5 } });
  const child = await startChild(process.execPath, [holder, String(redis.port), 'appends']);
  endWith(t, async () => {
    if (!child.hasExited()) await child.end('SIGKILL');
  });
  await child.line((line) => line === 'holds 5', 'the job in its hands');
  assert.deepEqual(await follower.told.ids(5), ['m1', 'm2', 'm3', 'm4', 'm5']);
  // Of what the holder appended nothing is left, not even the ids.
  const later = sampleMessages(10, {}).map((message, index) => ({ ...message, id: `later${index}` }));
  for (const message of later) await follower.acceptAtLast([message]);
  await follower.told.ids(15);
  assert.equal((await follower.journal.read(0, 100)).length, 5);
  const other = await openInstance(t, redis.port, { queue: 'bullmq', retention: { messages: 5 } });
  await other.untilUp();
  await child.end('SIGKILL');
  const client = openClient(t, redis.url);
  await eventually(
    async () => ((await client.exists('tidings:send:1')) === 0 ? true : undefined),
    'the end of the job',
  );
  await other.acceptAtLast([sampleMessage({ id: 'last' })]);
  assert.equal((await follower.told.ids(16)).at(-1), 'last');
});

test('a job that is not ours is put aside, and the others go on', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const instance = await openInstance(t, redis.port, { queue: 'bullmq' });
  await instance.untilUp();
  const { Queue } = await import('bullmq');
  const stranger = new Queue('send', { prefix: 'tidings', connection: client });
  for (const data of [
    null,
    'text',
    {},
    { records: 5 },
    { records: '' },
    { records: '["a"]\n{}' },
    { records: 'x\ny\nz' },
  ]) {
    await stranger.add('messages', data, { attempts: 3 });
  }
  const messages = sampleMessages(3);
  await instance.acceptAtLast(messages);
  assert.deepEqual(
    await instance.told.ids(3),
    messages.map(({ id }) => id),
  );
  await eventually(() => (instance.events('bullmq.unreadable') >= 7 ? true : undefined), 'seven unreadable jobs');
  await eventually(
    async () => ((await stranger.getJobCountByTypes('failed')) === 7 ? true : undefined),
    'seven jobs put aside',
  );
  assert.equal(instance.events('bullmq.unreadable'), 7);
  await stranger.close();
});
