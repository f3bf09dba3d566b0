import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Queue } from 'bullmq';
import { Redis as Client } from 'ioredis';
import { eventually } from '../support/deadline.ts';
import { startRedis } from '../support/redis.ts';
import { connectWs } from '../support/ws-client.ts';
import { endWith } from '../support/cleanup.ts';
import { accepted, adminOf } from './admin-client.ts';
import { assertError, startServing } from './serving.ts';

const scope = { after };
const redis = await startRedis(scope);
const flags = [`--queue=bullmq/${redis.address}`];
const [one, two] = [await startServing(scope, { flags }), await startServing(scope, { flags })];
const admins = [adminOf(one), adminOf(two)];
const [admin] = admins;
assert.ok(admin !== undefined);

const client = new Client(redis.url, { maxRetriesPerRequest: null });
endWith(scope, () => client.disconnect());
const jobs = new Queue('send', { prefix: 'tidings', connection: client });
endWith(scope, () => jobs.close());

interface Listing {
  readonly total: number;
  readonly from: number;
  readonly limit: number;
  readonly items: readonly Readonly<Record<string, unknown>>[];
}

async function list(path: string): Promise<Listing> {
  const answer = await adminOf(two).ask(path);
  assert.equal(answer.status, 200, answer.text);
  return answer.json as Listing;
}

const hourMs = 3_600_000;

test('what is scheduled is listed by its time, a page at a time, and says when it is due', async () => {
  const base = Date.now() + hourMs;
  const later = await accepted(one, { topic: 'all', msg: 'm', deliver_at: base + 2000, id: 'later' });
  const soon = await accepted(two, { topic: 'all', msg: 'm', deliver_at: base, timeout: base + hourMs });
  const middle = await accepted(one, { topic: 'all', msg: 'm', deliver_at: base + 1000 });
  const items = [
    { id: soon, deliver_at: base, expires_at: base + hourMs },
    { id: middle, deliver_at: base + 1000, expires_at: null },
    { id: later, deliver_at: base + 2000, expires_at: null },
  ];
  assert.deepEqual(await list('/scheduled'), { total: 3, from: 0, limit: 100, items });
  assert.deepEqual(await list('/scheduled?from=1&limit=1'), { total: 3, from: 1, limit: 1, items: items.slice(1, 2) });
  const { queue } = (await admin.ask('/stats')).json as { queue: unknown };
  assert.deepEqual(queue, { waiting: 0, active: 0, delayed: 3, failed: 0 });
  const { state, accepted: isAccepted, appended, mid, deliver_at: at, expires_at: end } = await admin.message(soon);
  assert.deepEqual([state, isAccepted, appended, mid, at, end], ['scheduled', true, false, null, base, base + hourMs]);
  for (const id of [soon, middle, later]) assert.equal((await admin.takeBack(id)).status, 200);
  assert.equal((await list('/scheduled')).total, 0);
});

test('what is scheduled is taken back before its time, through any instance, as often as one likes', async (t) => {
  const listener = await connectWs(t, `${one.wsUrl}/ws?uid=a&mid=`);
  const to = { topic: 'uids', topic_ids: ['a'] };
  const dueMs = Date.now() + 400;
  const id = await accepted(one, { ...to, msg: 'cancelled', deliver_at: dueMs });
  for (const from of [...admins, ...admins]) {
    const answer = await from.takeBack(id);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json, { id, state: 'cancelled', mid: null });
  }
  for (const from of admins) {
    const { state, appended, dropped } = await from.message(id);
    assert.deepEqual([state, appended, dropped?.reason, dropped?.where], ['cancelled', false, 'cancelled', 'queue']);
  }
  const beside = await accepted(one, { ...to, msg: 'due a little later', deliver_at: dueMs + 100 });
  assert.equal((await admin.message(beside)).state, 'scheduled');
  await listener.until((frame) => (frame as { id?: string }).id === beside, 'what is scheduled');
  assert.equal(listener.frames.length, 2, 'the welcome and one message');
  await admin.until(beside, ({ state }) => state === 'appended');
});

test('what waits in the queue is accepted, and is taken back there', async (t) => {
  const listener = await connectWs(t, `${one.wsUrl}/ws?uid=b&mid=`);
  const to = { topic: 'uids', topic_ids: ['b'] };
  await jobs.pause();
  const id = await accepted(one, { ...to, msg: 'm', id: 'waits' });
  const ours = await accepted(one, { ...to, msg: 'm' });
  const { state, appended, matched, acked } = await admin.message(id, 'uids=b');
  assert.deepEqual([state, appended, matched, acked], ['accepted', false, null, 0]);
  for (const waiting of [id, ours]) {
    for (const from of admins) {
      assert.deepEqual((await from.takeBack(waiting)).json, { id: waiting, state: 'cancelled', mid: null });
    }
  }
  await jobs.resume();
  await accepted(one, { ...to, msg: 'end' });
  await listener.until((frame) => (frame as { msg?: string }).msg === 'end', 'the end');
  assert.equal(listener.frames.length, 2, 'the welcome and the end');
});

test('what expires in the queue is dropped there, which every instance can say', async () => {
  await jobs.pause();
  const timeout = Date.now() + 300;
  const waiting = await accepted(one, { topic: 'all', msg: 'm', timeout });
  const scheduled = await accepted(two, { topic: 'all', msg: 'm', delay: 0.01, timeout });
  await eventually(() => (Date.now() > timeout + 10 ? true : undefined), 'its time to be over');
  await jobs.resume();
  for (const id of [waiting, scheduled]) {
    for (const from of admins) {
      const { expired, appended, dropped } = await from.until(id, ({ state }) => state === 'expired');
      assert.deepEqual([expired, appended, dropped?.where], [true, false, 'queue']);
    }
    assertError(await admin.takeBack(id), 'message_gone');
  }
});

/** A job that fails for good, as if its id had been forgotten and used for something else while it waited. */
async function fail(id: string, topicIds: readonly string[]): Promise<Listing['items'][number]> {
  const { total } = await list('/failed');
  await jobs.pause();
  await accepted(one, { topic: 'uids', topic_ids: topicIds, msg: 'm', id });
  const known = await client.get(`tidings:i:${id}`);
  await client.set(`tidings:i:${id}`, '7 another', 'PX', 60_000);
  await jobs.resume();
  const { items } = await eventually(async () => {
    const listing = await list('/failed?limit=5');
    return listing.total === total + 1 ? listing : undefined;
  }, 'the job to fail');
  await client.set(`tidings:i:${id}`, known ?? '', 'PX', 60_000);
  return items[0] ?? assert.fail();
}

test('what failed for good is listed with its reason, and can be tried again', async (t) => {
  const listener = await connectWs(t, `${two.wsUrl}/ws?uid=c`);
  const id = 'used-twice';
  const failed = await fail(id, ['c']);
  assert.deepEqual(Object.keys(failed), ['job', 'ids', 'reason', 'failed_at']);
  assert.deepEqual(failed['ids'], [id]);
  assert.match(String(failed['reason']), /used before/);
  assert.ok(Math.abs(Number(failed['failed_at']) - Date.now()) < 60_000);
  const { state, dropped } = await admin.message(id);
  assert.deepEqual(
    [state, dropped?.reason, dropped?.where, dropped?.job],
    ['failed', 'failed', 'queue', failed['job']],
  );
  assert.match(dropped?.detail ?? '', /used before/);

  assertError(await admin.ask('/failed/0/retry', { method: 'POST' }), 'unknown_job');
  assertError(await admin.ask('/failed/a%3Ab/retry', { method: 'POST' }), 'unknown_job');
  const retry = () => admin.ask(`/failed/${String(failed['job'])}/retry`, { method: 'POST' });
  const retried = await retry();
  assert.deepEqual([retried.status, retried.json], [200, { job: failed['job'], state: 'waiting' }]);
  await listener.count(1);
  await admin.until(id, ({ state: now }) => now === 'appended');
  assert.equal((await list('/failed')).total, 0);
  assertError(await retry(), 'unknown_job');
});

test('what failed is taken back: tried again, it is not delivered', async (t) => {
  const listener = await connectWs(t, `${two.wsUrl}/ws?uid=d`);
  const { job } = await fail('not-again', ['d']);
  for (const from of admins) {
    assert.deepEqual((await from.takeBack('not-again')).json, { id: 'not-again', state: 'cancelled', mid: null });
    assert.equal((await from.message('not-again')).state, 'cancelled');
  }
  assert.equal((await admin.ask(`/failed/${String(job)}/retry`, { method: 'POST' })).status, 200);
  await eventually(
    async () => ((await jobs.getJobCounts('wait', 'active', 'failed'))['wait'] === 0 ? true : undefined),
    'it',
  );
  await accepted(one, { topic: 'uids', topic_ids: ['d'], msg: 'end' });
  await listener.next();
  assert.deepEqual(
    listener.frames.map((frame) => (frame as { msg: string }).msg),
    ['end'],
  );
});
