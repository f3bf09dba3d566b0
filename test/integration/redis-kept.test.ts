import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openInstance, type RedisInstance } from '../contract/redis-instance.ts';
import { sampleMessage } from '../contract/sample-message.ts';
import { eventually } from '../support/deadline.ts';
import { startRedis, type Redis } from '../support/redis.ts';

const limits = { entries: 100, bytes: 256 * 1024 };

/** Reads a mailbox to its end, as one who comes back does. */
async function readAll({ journal }: RedisInstance, uid: string, after: number): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor = after; ;) {
    const page = await journal.mailbox(uid, cursor, limits);
    assert.equal(page.gap, false);
    ids.push(...page.entries.map(({ message }) => message.id));
    cursor = page.through;
    if (page.isLast) return ids;
  }
}

/** Posts through two instances, whose ids are repeated until they are accepted, while `disturb` does its worst. */
async function postThrough(t: Parameters<typeof startRedis>[0], redis: Redis, disturb: () => Promise<void>) {
  const instances = [await openInstance(t, redis.port), await openInstance(t, redis.port)] as const;
  const start = Math.max(...instances.map(({ journal }) => journal.head()));
  const accepted: string[] = [];
  let isPosting = true;
  const posting = instances.map(async ({ acceptAtLast }, index) => {
    while (isPosting) {
      const message = sampleMessage({
        uids: accepted.length % 5 === 0 ? null : [`user-${index}`],
        fingerprint: accepted.length % 2 === 0 ? 'abc' : '',
      });
      await acceptAtLast([message]);
      accepted.push(message.id);
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  for (let round = 0; round < 3; round += 1) {
    const enough = accepted.length + 50;
    await eventually(() => (accepted.length >= enough ? true : undefined), '50 more posts accepted');
    await disturb();
    for (const instance of instances) await instance.untilUp();
  }
  isPosting = false;
  await Promise.all(posting);
  return { instances, accepted, start };
}

/** What everybody was told, and what mailboxes have: every accepted message once, at every instance, also at a new one. */
async function assertAllKept(
  t: Parameters<typeof startRedis>[0],
  redis: Redis,
  { instances, accepted, start }: Awaited<ReturnType<typeof postThrough>>,
): Promise<void> {
  for (const { told } of instances) {
    assert.deepEqual((await told.ids(accepted.length)).sort(), [...accepted].sort());
  }
  const [{ told }] = instances;
  assert.deepEqual(instances[1].told.entries, told.entries);
  const fresh = await openInstance(t, redis.port);
  for (const uid of ['user-0', 'user-1', 'nobody']) {
    const own = told.entries.filter(({ message: { uids } }) => uids === null || uids.includes(uid));
    const expected = own.map(({ message }) => message.id);
    for (const instance of [...instances, fresh]) assert.deepEqual(await readAll(instance, uid, start), expected);
    const tail = instances[0].journal.tail(uid, start, { entries: 1e6, bytes: 1e9 });
    assert.deepEqual(
      tail?.entries.map(({ message }) => message.id),
      expected,
    );
  }
  for (const { gaps } of instances) assert.deepEqual(gaps, []);
}

// With everysec Redis may hold a write back while its disk is busy, and what it holds is lost with it.
test('Redis is killed again and again (appendfsync always): mailboxes have all that was accepted, once', async (t) => {
  const redis = await startRedis(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const posted = await postThrough(t, redis, async () => {
    await redis.kill();
    await redis.start();
  });
  await assertAllKept(t, redis, posted);
});

test('Redis hangs again and again: mailboxes have all that was accepted, once', async (t) => {
  const redis = await startRedis(t);
  const posted = await postThrough(t, redis, async () => {
    redis.pause();
    // Longer than any post waits, so that each is repeated.
    await new Promise((resolve) => setTimeout(resolve, 600));
    redis.resume();
  });
  await assertAllKept(t, redis, posted);
});

test('what Redis lost is a gap for who comes back, and what it still has is given', async (t) => {
  const redis = await startRedis(t, { args: ['--appendonly', 'no', '--save', ''] });
  const one = await openInstance(t, redis.port);
  const start = one.journal.head();
  await one.acceptAtLast([sampleMessage()]);
  await one.told.ids(1);
  const cursor = one.journal.head();
  await redis.kill();
  await redis.start();
  await one.untilUp();
  const after = sampleMessage();
  await one.acceptAtLast([after]);
  await one.told.ids(2);
  for (const instance of [one, await openInstance(t, redis.port)]) {
    for (const from of [start, cursor - 1]) {
      const page = await instance.journal.mailbox('1', from, limits);
      assert.deepEqual([page.gap, page.entries.map(({ message }) => message.id)], [true, [after.id]]);
      const tail = instance.journal.tail('1', from, limits);
      assert.ok(tail === undefined, 'nobody holds what was lost');
    }
  }
});

test('an append does not wait for all who come back at once', async (t) => {
  const redis = await startRedis(t);
  const { journal } = await openInstance(t, redis.port);
  const start = journal.head();
  for (let round = 0; round < 5; round += 1) await journal.append(Array.from({ length: 100 }, () => sampleMessage()));
  let read = 0;
  const pages = Array.from({ length: 500 }, async () => {
    const { entries } = await journal.mailbox('1', start, limits);
    read += 1;
    return entries.length;
  });
  await journal.append([sampleMessage()]);
  assert.ok(read < 250, `${read} of 500 pages were read first`);
  assert.deepEqual(new Set(await Promise.all(pages)), new Set([100]));
});
