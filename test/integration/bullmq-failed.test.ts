import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RedisError } from '../../src/journal/redis-connection.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openInstance, type RedisInstanceOptions } from '../contract/redis-instance.ts';
import { sampleMessage, sampleMessages } from '../contract/sample-message.ts';
import { eventually } from '../support/deadline.ts';
import { startRedis } from '../support/redis.ts';

/** Refuses what `isRefused` says, and counts. */
function refusing(isRefused: (ids: readonly string[]) => Error | undefined) {
  const refused: string[][] = [];
  const options: RedisInstanceOptions = {
    queue: 'bullmq',
    maxRetryMs: 5,
    wrapJournal: (journal: Journal) => ({
      ...journal,
      append(messages, unit) {
        const ids = messages.map(({ id }) => id);
        const error = isRefused(ids);
        if (error === undefined) return journal.append(messages, unit);
        refused.push(ids);
        return Promise.reject(error);
      },
    }),
  };
  return { options, refused };
}

/** The host has the name of an outage, and the reply none. */
const notThis = (): Error => new RedisError('Redis at ASK:6379 refuses: ERR not this one', 'ERR not this one');

test('bullmq: what is refused again and again is given up alone, kept, and can be tried again', async (t) => {
  const redis = await startRedis(t);
  let poison = 'poison';
  const { options, refused } = refusing((ids) => (ids.includes(poison) ? notThis() : undefined));
  const instance = await openInstance(t, redis.port, options);
  const { backlog } = instance.queue;
  assert.ok(backlog !== null);
  await instance.untilUp();
  const around = sampleMessages(4);
  const bad = sampleMessage({ id: 'poison', fingerprint: 'f1' });
  await instance.acceptAtLast([...around.slice(0, 2), bad, ...around.slice(2)]);
  assert.deepEqual(
    (await instance.told.ids(4)).sort(),
    around.map(({ id }) => id),
  );
  await eventually(() => (instance.failed.length > 0 ? true : undefined), 'what was given up');
  assert.deepEqual(
    instance.failed.map(({ id }) => id),
    ['poison'],
  );
  // One whose probe took too long under load does not count.
  assert.ok(refused.filter((ids) => ids.length === 5).length >= 12);
  assert.equal(instance.events('bullmq.failed'), 1);

  const { total, items } = await backlog.failed(0, 10);
  assert.equal(total, 1);
  const [failed] = items;
  assert.ok(failed !== undefined);
  assert.deepEqual(failed.ids, ['poison']);
  assert.match(failed.reason, /not this one/);
  assert.ok(Math.abs(Date.now() - failed.failedAtMs) < 60_000);
  assert.deepEqual(await backlog.counts(), { waiting: 0, active: 0, delayed: 0, failed: 1 });

  assert.equal(await backlog.retry('12345'), false);
  assert.equal(await backlog.retry(failed.job), true);
  await eventually(() => (instance.failed.length > 1 ? true : undefined), 'that it is given up again');
  assert.ok(refused.filter((ids) => ids.length === 1).length >= 1 + 12);
  poison = 'none';
  assert.equal(await backlog.retry(failed.job), true);
  assert.equal((await instance.told.ids(5)).at(-1), 'poison');
  assert.deepEqual(await backlog.failed(0, 10), { total: 0, items: [] });
  assert.equal(await backlog.retry(failed.job), false);
  assert.deepEqual(await instance.queue.accept([bad]), { ok: true });
});

test('bullmq: the newest failures are listed first, in pages', async (t) => {
  const redis = await startRedis(t);
  const { options } = refusing((ids) => (ids.some((id) => id.startsWith('bad')) ? notThis() : undefined));
  const instance = await openInstance(t, redis.port, options);
  await instance.untilUp();
  for (let index = 0; index < 5; index += 1) {
    await instance.acceptAtLast([sampleMessage({ id: `bad${index}` })]);
    await eventually(() => (instance.failed.length > index ? true : undefined), `failure ${index}`);
  }
  const { backlog } = instance.queue;
  const pages = [];
  for (const from of [0, 2, 4]) {
    const page = await backlog?.failed(from, 2);
    assert.equal(page?.total, 5);
    pages.push(...page.items.flatMap(({ ids }) => ids));
  }
  assert.deepEqual(pages, ['bad4', 'bad3', 'bad2', 'bad1', 'bad0']);
});

for (const reply of [
  'LOADING Redis is loading the dataset in memory',
  "OOM command not allowed when used memory > 'maxmemory'.",
  'ERR Error running script: @user_script:12: -READONLY You can not write',
  undefined,
]) {
  test(`bullmq: an outage gives nothing up: ${reply ?? 'no answer'}`, async (t) => {
    const redis = await startRedis(t);
    const message = sampleMessage();
    let tries = 0;
    const { options } = refusing(() => {
      tries += 1;
      return tries <= 40 ? new RedisError('Redis at localhost:6379 is away.', reply) : undefined;
    });
    const instance = await openInstance(t, redis.port, options);
    await instance.untilUp();
    await instance.acceptAtLast([message]);
    assert.deepEqual(await instance.told.ids(1), [message.id]);
    assert.equal(instance.failed.length, 0);
  });
}

test('bullmq: while every job is refused for an unknown reason none is given up', async (t) => {
  const redis = await startRedis(t);
  let tries = 0;
  const { options } = refusing(() => (tries++ < 80 ? notThis() : undefined));
  const instance = await openInstance(t, redis.port, options);
  await instance.untilUp();
  const messages = sampleMessages(4);
  for (const message of messages) await instance.acceptAtLast([message]);
  assert.deepEqual(
    (await instance.told.ids(4)).sort(),
    messages.map(({ id }) => id),
  );
  assert.equal(instance.failed.length, 0);
});

test('bullmq: a refusal of an unknown kind counts for nothing while the journal takes nothing else', async (t) => {
  const redis = await startRedis(t);
  let tries = 0;
  const { options } = refusing(() => (tries++ < 40 ? notThis() : undefined));
  const instance = await openInstance(t, redis.port, {
    ...options,
    wrapJournal(journal) {
      const wrapped = options.wrapJournal?.(journal) ?? journal;
      return { ...wrapped, completeSince: () => (tries < 40 ? Promise.reject(notThis()) : journal.completeSince()) };
    },
  });
  await instance.untilUp();
  const message = sampleMessage();
  await instance.acceptAtLast([message]);
  assert.deepEqual(await instance.told.ids(1), [message.id]);
  assert.equal(instance.failed.length, 0);
});
