import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Redis } from 'ioredis';
import type { Entry, Journal } from '../../src/journal/journal.ts';
import { createRetraction } from '../../src/message/message.ts';
import { openClient } from '../contract/redis-client.ts';
import { openInstance } from '../contract/redis-instance.ts';
import { sampleMessage, sampleMessages } from '../contract/sample-message.ts';
import { eventually } from '../support/deadline.ts';
import { startRedis } from '../support/redis.ts';

const limits = { entries: 50, bytes: 64 * 1024 };
const keysOf = (client: Redis, pattern: string): Promise<string[]> => client.keys(pattern);

/** Reads from the store until there is no more, as one who resumes does; gives the mids. */
async function resume(journal: Journal, uid: string, after: number): Promise<number[]> {
  const mids: number[] = [];
  for (let cursor = after; ;) {
    const page = await journal.mailbox(uid, cursor, limits);
    assert.equal(page.gap, false);
    mids.push(...page.entries.map(({ mid }) => mid));
    cursor = page.through;
    if (page.isLast) return mids;
  }
}

const forReader = (entries: readonly Entry[], uid: string): number[] =>
  entries.filter(({ message: { uids } }) => uids === null || uids.includes(uid)).map(({ mid }) => mid);

test('a reader at another instance pages, joins the tail and follows: no hole and no repeat, while both post', async (t) => {
  const redis = await startRedis(t);
  const instances = [await openInstance(t, redis.port), await openInstance(t, redis.port)] as const;
  const [writer, reader] = instances;
  const start = reader.journal.head();
  for (let batch = 0; batch < 4; batch += 1) await writer.queue.accept(sampleMessages(100));
  let isPosting = true;
  const posting = instances.map(async ({ queue }, index) => {
    for (let round = 0; isPosting; round += 1) {
      await queue.accept(sampleMessages(1 + (round % 3), { uids: round % 3 === 0 ? null : ['1', `user-${index}`] }));
    }
  });
  // Ten readers, who go from the store to what the instance holds as catching up does.
  const seen = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const mids: number[] = [];
      let cursor = start;
      for (let pages = 0; ; pages += 1) {
        const page = pages < 5 ? undefined : reader.journal.tail('1', cursor, limits);
        const { entries, through, gap, isLast } = page ?? (await reader.journal.mailbox('1', cursor, limits));
        assert.equal(gap, false);
        mids.push(...entries.map(({ mid }) => mid));
        cursor = through;
        if (page !== undefined && isLast) return { mids, joinedAt: reader.told.entries.length };
        await new Promise((resolve) => setImmediate(resolve));
      }
    }),
  );
  isPosting = false;
  await Promise.all(posting);
  const last = sampleMessage();
  await writer.queue.accept([last]);
  await eventually(() => (reader.told.entries.at(-1)?.message.id === last.id ? true : undefined), 'the last one');
  const all = forReader(reader.told.entries, '1');
  for (const { mids, joinedAt } of seen) {
    assert.deepEqual([...mids, ...forReader(reader.told.entries.slice(joinedAt), '1')], all);
  }
  assert.ok(seen.some(({ mids }) => mids.length > 400));
});

test('what is trimmed leaves no key behind', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const { queue, journal, told } = await openInstance(t, redis.port, { retention: { messages: 50 } });
  let posted = 0;
  let most = 0;
  const retracted: string[] = [];
  for (let round = 0; round < 60; round += 1) {
    const messages = [
      sampleMessage({ uids: [`user-${round}`, `user-${round}-too`, 'often'] }),
      ...sampleMessages(3, { uids: [`single-${round}`] }),
      sampleMessage({ uids: null }),
    ];
    await queue.accept(messages);
    posted += messages.length;
    const [message = assert.fail()] = messages;
    const mid = (await journal.find(message.id))?.mid ?? 0;
    await journal.append([createRetraction({ mid, message }, `retraction-${round}`)]);
    retracted.push(`tidings:i:${message.id}`);
    posted += 1;
    most = Math.max(most, await client.dbsize());
  }
  await told.ids(posted);
  // 50 entries with as many ids and at most 3 mailboxes each; state, log, all. Ids of what was retracted wait for their own end.
  assert.ok(most <= 50 * 4 + 3 + retracted.length, `${most} keys`);
  assert.ok((await keysOf(client, 'tidings:m:*')).length <= 50);
  assert.equal((await keysOf(client, 'tidings:i:*')).length, 50 + retracted.length);
  for (const key of retracted) assert.ok((await client.pttl(key)) > 0);
  // All of it goes when all entries go.
  await client.hset('tidings:state', 'bytes', 1e12);
  await journal.completeSince();
  assert.deepEqual((await keysOf(client, '*')).sort(), ['tidings:log', 'tidings:state', ...retracted].sort());
});

test('much that is too old at once is dropped by parts, and is not read meanwhile', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const before = await openInstance(t, redis.port);
  const start = before.journal.head();
  for (let batch = 0; batch < 3; batch += 1) await before.queue.accept(sampleMessages(1000));
  await before.told.ids(3000);
  const last = before.journal.head();
  await before.stop();

  const retention = { ageMs: 1 };
  const { journal, gaps } = await openInstance(t, redis.port, { retention });
  assert.equal(await journal.completeSince(), last);
  assert.ok((await client.xlen('tidings:log')) > 1000, 'one call does not drop thousands');
  assert.deepEqual(await journal.read(0, 10), []);
  const page = await journal.mailbox('1', start, limits);
  assert.deepEqual([page.entries, page.gap, page.isLast], [[], true, true]);
  await eventually(async () => {
    await journal.completeSince();
    return (await client.dbsize()) === 2 ? true : undefined;
  }, 'the end of all that was kept');
  assert.deepEqual(gaps, []);
});

test('an old clock of one instance keeps entries longer, and none is dropped for a clock that is ahead', async (t) => {
  const redis = await startRedis(t);
  let nowMs = Date.now() - 3_600_000;
  const { journal, queue, told } = await openInstance(t, redis.port, {
    now: () => nowMs,
    retention: { ageMs: 1 },
  });
  const start = journal.head();
  await queue.accept(sampleMessages(3));
  await told.ids(3);
  const last = journal.head();
  while (Date.now() * 1000 <= last + 2000) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await journal.completeSince(), start);
  assert.equal((await journal.mailbox('1', start, limits)).entries.length, 3);
  nowMs = Date.now() + 7_200_000;
  assert.equal(await journal.completeSince(), last);
  const [kept] = [sampleMessage()];
  const relaxed = await openInstance(t, redis.port, { now: () => nowMs });
  await relaxed.queue.accept([kept]);
  assert.equal(await relaxed.journal.completeSince(), last);
});

test('ids have an end of their own: as long as was asked for, or a little longer than the log', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const hourMs = 3_600_000;
  const retention = { idMs: 24 * hourMs, ageMs: hourMs };
  const { queue, journal } = await openInstance(t, redis.port, { retention });
  const [theirs, ours] = [sampleMessage({ fingerprint: 'abc' }), sampleMessage()];
  await queue.accept([theirs, ours]);
  await journal.append(sampleMessages(1), 'job-1');
  const endOf = (key: string): Promise<number> => client.pttl(key);
  const within = (leftMs: number, ofMs: number): void =>
    assert.ok(leftMs > ofMs - 60_000 && leftMs <= ofMs, `${leftMs}`);
  within(await endOf(`tidings:i:${theirs.id}`), 24 * hourMs);
  within(await endOf(`tidings:i:${ours.id}`), 2 * hourMs);
  within(await endOf('tidings:j:job-1'), 24 * hourMs);
  // A jump of Redis' clock must not empty a mailbox.
  assert.equal(await client.pttl('tidings:m:1'), -1);
  assert.match(String(await client.get(`tidings:i:${theirs.id}`)), /^\d{16} abc$/);
});

test('an id that a queue has claimed is appended; one that was cancelled is dropped', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const { journal, told } = await openInstance(t, redis.port);
  const [theirs, ours, cancelled, last] = [
    sampleMessage({ fingerprint: 'abc' }),
    sampleMessage(),
    sampleMessage({ fingerprint: 'abc' }),
    sampleMessage(),
  ];
  await client.set(`tidings:i:${theirs.id}`, '0 abc', 'PX', 1000);
  await client.set(`tidings:i:${ours.id}`, '0 ', 'PX', 1000);
  await client.set(`tidings:i:${cancelled.id}`, 'x abc', 'PX', 1000);
  assert.deepEqual(await journal.find(theirs.id), { mid: 0, message: undefined });
  assert.equal(await journal.find(cancelled.id), undefined);
  const appended = await journal.append([theirs, ours, cancelled, last]);
  assert.deepEqual(
    appended.map(({ outcome }) => outcome),
    ['appended', 'appended', 'duplicate', 'appended'],
  );
  assert.equal(appended[2]?.mid, 0);
  assert.deepEqual(await told.ids(3), [theirs.id, ours.id, last.id]);
  assert.ok((await client.pttl(`tidings:i:${theirs.id}`)) > 3_600_000);
  const [changed] = await journal.append([{ ...cancelled, fingerprint: 'other' }]);
  assert.equal(changed?.outcome, 'conflict');
});

test('every key and channel begins with the prefix, braces and all', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const monitor = await client.monitor();
  t.after(() => monitor.disconnect());
  const seen: string[][] = [];
  monitor.on('monitor', (_time: string, args: string[]) => seen.push(args));
  const { journal, told } = await openInstance(t, redis.port, { retention: { messages: 5 }, prefix: '{one}slot' });
  const messages = [...sampleMessages(10, { fingerprint: 'a' }), sampleMessage({ uids: null })];
  const [first] = await journal.append(messages, 'unit');
  await journal.append([createRetraction({ mid: (first?.mid ?? 0) + 9, message: messages[9] ?? assert.fail() }, 'r')]);
  await told.ids(12);
  await journal.mailbox('1', 0, limits);
  await journal.find(messages[0]?.id ?? '');
  await journal.read(0, 10);
  journal.acknowledge('1', journal.head());
  journal.forgetUnit('unit');
  await eventually(() => (seen.some(([name]) => name === 'del') ? true : undefined), 'the unit is forgotten');
  await journal.ackedBy(['1']);
  const keys = await keysOf(client, '*');
  assert.ok(keys.length > 10 && keys.every((key) => key.startsWith('{one}slot:')), keys.join(' '));
  const keyless = /^(ping|config|info|time|monitor|keys|evalsha|eval|script|client|select|hello|command)$/i;
  const touching = seen.filter(([name = '']) => !keyless.test(name));
  assert.ok(touching.length > 50);
  for (const [name = '', key = ''] of touching) assert.match(key, /^\{one\}slot:/, name);
});

test('acks reach Redis together, and those of an outage when it is over', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const instance = await openInstance(t, redis.port);
  await instance.queue.accept(sampleMessages(2));
  await instance.told.ids(2);
  const [first = 0, second = 0] = instance.told.entries.map(({ mid }) => mid);
  const zadds = async (): Promise<number> =>
    Number(/cmdstat_zadd:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0);
  for (let index = 0; index < 500; index += 1) {
    instance.journal.acknowledge(`user-${index}`, first);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await eventually(async () => ((await client.zcard('tidings:acks')) === 500 ? true : undefined), '500 cursors');
  assert.ok((await zadds()) <= 10, `${await zadds()} ZADDs`);
  redis.pause();
  instance.journal.acknowledge('user-1', second);
  await instance.untilDown(/does not answer/);
  instance.journal.acknowledge('user-2', second);
  redis.resume();
  await eventually(async () => {
    const scores = await client.zmscore('tidings:acks', 'user-1', 'user-2', 'user-3');
    return scores.join() === [second, second, first].join() ? true : undefined;
  }, 'the cursors of the outage');
});

test('ack cursors that acknowledge nothing any more go in the end', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const { journal, queue, told } = await openInstance(t, redis.port, { retention: { messages: 5 } });
  await queue.accept(sampleMessages(1));
  await told.ids(1);
  for (let index = 0; index < 100; index += 1) journal.acknowledge(`user-${index}`, journal.head());
  await eventually(async () => ((await client.zcard('tidings:acks')) === 100 ? true : undefined), '100 cursors');
  await eventually(async () => {
    await queue.accept(sampleMessages(10));
    return (await client.zcard('tidings:acks')) === 0 ? true : undefined;
  }, 'no cursors');
});

test('a Redis that may evict keys is warned of, once a connection; one that may not is not', async (t) => {
  const evicting = await startRedis(t, { args: ['--maxmemory-policy', 'allkeys-lru'] });
  const keeping = await startRedis(t);
  const warned = await openInstance(t, evicting.port);
  await warned.untilUp();
  await eventually(() => (warned.events('redis.evicts') === 1 ? true : undefined), 'the warning');
  const quiet = await openInstance(t, keeping.port);
  await quiet.queue.accept(sampleMessages(1));
  await quiet.told.ids(1);
  assert.equal(quiet.events('redis.evicts'), 0);
});

test('bounds of mailboxes that are raised or lowered later hide no gap', async (t) => {
  const redis = await startRedis(t);
  const small = await openInstance(t, redis.port, { retention: { mailboxMessages: 5, broadcastMessages: 3 } });
  const start = small.journal.head();
  await small.queue.accept([...sampleMessages(8), ...sampleMessages(6, { uids: null })]);
  await small.told.ids(14);
  const large = await openInstance(t, redis.port, { retention: { mailboxMessages: 100, broadcastMessages: 100 } });
  await large.queue.accept([...sampleMessages(3), ...sampleMessages(3, { uids: null })]);
  await large.told.ids(6);
  assert.equal((await large.journal.mailbox('1', start, limits)).gap, true);
  assert.equal((await large.journal.mailbox('nobody', start, limits)).gap, true);
  const lost = small.told.entries[2]?.mid ?? 0;
  const own = await large.journal.mailbox('1', small.told.entries[10]?.mid ?? 0, limits);
  assert.deepEqual([own.gap, own.entries.length], [false, 9]);
  assert.ok(lost > start);

  await small.queue.accept([sampleMessage(), sampleMessage({ uids: null })]);
  const page = await small.journal.mailbox('1', start, limits);
  assert.deepEqual([page.gap, page.entries.length], [true, 8]);
  assert.deepEqual(await resume(small.journal, '1', page.entries.at(-1)?.mid ?? 0), []);
});
