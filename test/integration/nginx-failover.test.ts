import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, within } from '../support/deadline.ts';
import { post } from '../support/post.ts';
import { startRedis } from '../support/redis.ts';
import type { Answer } from '../support/request.ts';
import { connectWs, type WsClient } from '../support/ws-client.ts';
import { portOf, startOnRedis, startProxy, statsOf } from './nginx/proxy.ts';
import { steadyPort } from '../support/steady-port.ts';
import { startTraffic } from './nginx/traffic.ts';
import { assertUnanswered } from './nginx/unanswered.ts';

const LISTENERS_EACH_MODE = 8;
const POSTERS = 6;
const POSTS_BEFORE = 200;
const POSTS_AFTER = 200;

interface Tracked {
  readonly mid: number;
  readonly msg: unknown;
}

test('the primary is killed under traffic, the backup serves, and the primary comes back', async (t) => {
  const redis = await startRedis(t);
  const primaryFlags = [`--port=${await steadyPort(t)}`];
  const primary = await startOnRedis(t, redis, primaryFlags);
  const backup = await startOnRedis(t, redis);
  const nginx = await startProxy(t, {
    primary: portOf(primary),
    backup: portOf(backup),
    // The primary is tried again sooner, so that the test need not wait so long.
    replace: [['fail_timeout=10s', 'fail_timeout=1s']],
  });

  // It hears what the journal has, whatever becomes of nginx and the primary.
  const witness = await connectWs(t, `${backup.wsUrl}/ws?uid=1&mid=`);
  const urls = [`${nginx.wsUrl}/ws?uid=1`, `${nginx.wsUrl}/ws?uid=1&mid=`].flatMap((url) =>
    Array.from({ length: LISTENERS_EACH_MODE }, () => url),
  );
  const before = await Promise.all(urls.map((url) => connectWs(t, url)));
  assert.equal((await statsOf(primary)).gauges.connections, urls.length);
  assert.equal((await statsOf(backup)).gauges.connections, 1, 'only the witness is on the backup');

  let phase = 'before';
  let answered = 0;
  const passed = { kill: () => {}, stop: () => {} };
  const timeToKill = new Promise<void>((resolve) => (passed.kill = resolve));
  const timeToStop = new Promise<void>((resolve) => (passed.stop = resolve));
  const traffic = startTraffic(t, nginx.url, {
    posters: POSTERS,
    maxPostsEach: 2_000,
    phase: () => phase,
    onPosted(posted) {
      if (posted.length >= POSTS_BEFORE) passed.kill();
      if (posted.at(-1)?.begun === 'after') answered += 1;
      if (answered >= POSTS_AFTER) passed.stop();
    },
  });
  await within(timeToKill, `${POSTS_BEFORE} posts`);
  phase = 'kill';
  await primary.kill();
  phase = 'after';

  // Every listener loses its socket and gets another at its first attempt, while posts go on.
  const after = await Promise.all(
    before.map(async (client, index) => {
      assert.equal((await within(client.closed, 'the socket of the dead primary to close')).code, 1006);
      return connectWs(t, urls[index] ?? '');
    }),
  );
  assert.equal((await statsOf(backup)).gauges.connections, urls.length + 1, 'every listener is on the backup');
  await within(timeToStop, `${POSTS_AFTER} posts after the kill`);
  await traffic.stop();

  // What is posted when every listener is back: once each, in the order of posting, to all of them.
  const last = Array.from({ length: 20 }, (_, index) => `last ${index}`);
  for (const msg of last) assert.equal((await post(nginx.url, { topic: 'all', msg })).status, 202);
  for (const client of [...after, witness]) {
    await client.until((frame) => (frame as Tracked).msg === last.at(-1), 'the last message');
    assert.deepEqual(messagesOf(client).slice(-last.length), last);
  }

  // The posts. In flight at the kill: begun before the primary was known to be dead, answered after it was told to die.
  // Of these, and of no others, one without a key may be refused, and it is refused in the server's words.
  const posted = traffic.posted;
  for (const { answer, n, isKeyed, begun, ended } of posted) {
    if (answer.status === 202) continue;
    assert.ok(!isKeyed && begun !== 'after' && ended !== 'before', `post ${n} (${begun}-${ended}): ${answer.text}`);
    assertUnanswered(answer);
  }
  const inFlight = posted.filter(({ begun, ended }) => begun !== 'after' && ended !== 'before');
  t.diagnostic(`${posted.length} posts, ${inFlight.length} in flight at the kill, refused: ${refusedOf(posted)}`);

  // Nothing accepted is lost, nothing comes twice, and the order is that of the mids.
  const heard = new Map<unknown, number>();
  for (const msg of messagesOf(witness)) heard.set(msg, (heard.get(msg) ?? 0) + 1);
  for (const { answer, n } of posted) {
    if (answer.status === 202) assert.equal(heard.get(n), 1, `post ${n}`);
    else assert.ok((heard.get(n) ?? 0) <= 1, `post ${n}`);
  }
  for (const client of [witness, ...before, ...after].filter(isTracked)) assertRising(client);
  const onlyAfter = new Set(posted.filter(({ begun }) => begun === 'after').map(({ n }) => n));
  for (const client of before)
    assert.ok(!messagesOf(client).some((msg) => onlyAfter.has(Number(msg))), 'a socket outlived the primary');

  // The primary returns: new posts and new listeners go to it again, the sockets on the backup stay and hear every message.
  const returned = await startOnRedis(t, redis, primaryFlags);
  await eventually(async () => {
    assert.equal((await post(nginx.url, { topic: 'all', msg: 'is it back?' })).status, 202);
    return (await statsOf(returned)).counters.accepted > 0 || undefined;
  }, 'a post to the primary that has returned');
  const acceptedBefore = (await statsOf(returned)).counters.accepted;
  const onBackupBefore = (await statsOf(backup)).counters.accepted;
  const newcomer = await connectWs(t, `${nginx.wsUrl}/ws?uid=2`);
  assert.equal((await post(nginx.url, { topic: 'all', msg: 'from the primary' })).status, 202);
  assert.equal((await statsOf(returned)).counters.accepted, acceptedBefore + 1);
  assert.equal((await statsOf(backup)).counters.accepted, onBackupBefore);
  assert.equal((await statsOf(returned)).gauges.connections, 1);
  assert.equal((await statsOf(backup)).gauges.connections, urls.length + 1);
  for (const client of [...after, witness, newcomer]) {
    await client.until((frame) => (frame as Tracked).msg === 'from the primary', 'a message of the other instance');
    assert.equal(messagesOf(client).filter((msg) => msg === 'from the primary').length, 1);
    assert.ok(client.isOpen());
  }
});

test('an orderly restart of the primary: listeners are told 1012 through nginx, and find the backup', async (t) => {
  const redis = await startRedis(t);
  const primary = await startOnRedis(t, redis);
  const backup = await startOnRedis(t, redis);
  const nginx = await startProxy(t, { primary: portOf(primary), backup: portOf(backup) });
  const client = await connectWs(t, `${nginx.wsUrl}/ws?d={"uid":"1","types":["notice"]}`);
  assert.equal((await post(nginx.url, { topic: 'all', msg: 1 })).status, 202);
  await client.count(1);

  await primary.stop();
  assert.equal((await within(client.closed, 'the close frame')).code, 1012);
  const again = await connectWs(t, `${nginx.wsUrl}/ws?d={"uid":"1","types":["notice"]}`);
  assert.equal((await statsOf(backup)).gauges.connections, 1);
  assert.equal((await post(nginx.url, { topic: 'uids', topic_ids: ['1'], msg: 2 })).status, 202);
  assert.equal(((await again.next()) as Tracked).msg, 2);
});

function refusedOf(posted: readonly { readonly answer: Answer }[]): number {
  return posted.filter(({ answer }) => answer.status !== 202).length;
}

/** The `msg` of every message that a client received, without events. */
function messagesOf(client: WsClient): unknown[] {
  return (client.frames as Tracked[]).filter((frame) => 'msg' in frame).map(({ msg }) => msg);
}

function isTracked(client: WsClient): boolean {
  return (client.frames as Tracked[]).some((frame) => 'mid' in frame);
}

function assertRising(client: WsClient): void {
  const mids = (client.frames as Tracked[]).filter((frame) => 'msg' in frame).map(({ mid }) => mid);
  assert.ok(mids.length > 0);
  for (const [index, mid] of mids.entries()) assert.ok(index === 0 || mid > (mids[index - 1] ?? 0), 'mid order');
}
