import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../../src/journal/journal.ts';
import { openClient } from '../contract/redis-client.ts';
import { openInstance } from '../contract/redis-instance.ts';
import { sampleMessage, sampleMessages } from '../contract/sample-message.ts';
import { startRedis } from '../support/redis.ts';

const midsOf = (entries: readonly Entry[]): number[] => entries.map(({ mid }) => mid);

test('mailboxes of hundreds of references are read from any cursor on, whether they were cut or not', async (t) => {
  const redis = await startRedis(t);
  const retention = { mailboxMessages: 300, broadcastMessages: 400 };
  const { journal, told } = await openInstance(t, redis.port, { retention });
  const start = journal.head();
  const uidsOf = (index: number): readonly string[] | null => (index % 2 === 0 ? null : [index % 3 === 0 ? 'a' : 'b']);
  for (let from = 0; from < 1200; from += 100) {
    await journal.append(Array.from({ length: 100 }, (_, index) => sampleMessage({ uids: uidsOf(from + index) })));
  }
  await told.ids(1200);
  const toAll = told.entries.filter(({ message: { uids } }) => uids === null);
  const cursors = [start, ...midsOf(told.entries).filter((_mid, index) => index % 37 === 0), journal.head()];
  for (const uid of ['a', 'b', 'nobody']) {
    const own = told.entries.filter(({ message: { uids } }) => uids?.includes(uid) === true);
    const lost = [own.at(-301)?.mid ?? 0, toAll.at(-401)?.mid ?? 0];
    const kept = [...own.slice(-300), ...toAll.slice(-400)].sort((one, other) => one.mid - other.mid);
    for (const cursor of cursors) {
      const page = await journal.mailbox(uid, cursor, { entries: 2000, bytes: 10_000_000 });
      assert.deepEqual(midsOf(page.entries), midsOf(kept.filter(({ mid }) => mid > cursor)));
      const gap = lost.some((mid) => mid > cursor);
      assert.deepEqual([page.gap, page.isLast, page.through], [gap, true, journal.head()], `${uid} after ${cursor}`);
    }
  }
});

test('a page costs as much in a long mailbox as in a short one', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const { journal } = await openInstance(t, redis.port);
  const start = journal.head();
  for (let group = 0; group < 10; group += 1) await journal.append(sampleMessages(1000, { uids: null }));
  await client.config('RESETSTAT');
  const page = await journal.mailbox('1', start, { entries: 100, bytes: 1_000_000 });
  assert.equal(page.entries.length, 100);
  const stats = await client.info('commandstats');
  const calls = (name: string): number => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  assert.ok(calls('xrange') >= 100, 'the commands of the script are counted');
  const looked = calls('lindex') + calls('lrange');
  assert.ok(looked < 40, `${looked} looks into 10,000 references`);
});

test('a page is not read when nobody waits for it any more as its turn comes', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const { journal } = await openInstance(t, redis.port);
  await client.config('RESETSTAT');
  const limits = { entries: 100, bytes: 1_000_000, isWanted: () => false };
  const gone = Promise.allSettled(Array.from({ length: 20 }, () => journal.mailbox('1', 0, limits)));
  const page = await journal.mailbox('1', 0, { ...limits, isWanted: () => true });
  assert.equal(page.isLast, true, 'who comes after them has a turn');
  assert.deepEqual([...new Set((await gone).map(({ status }) => status))], ['rejected']);
  const stats = await client.info('commandstats');
  assert.equal(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1], '1');
});
