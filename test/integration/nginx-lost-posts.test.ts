import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { eventually } from '../support/deadline.ts';
import { freePort } from '../support/free-port.ts';
import type { Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { startRedis, type Redis } from '../support/redis.ts';
import { request, type Answer } from '../support/request.ts';
import { connectWs, type WsClient } from '../support/ws-client.ts';
import { portOf, startOnRedis, startProxy, statsOf } from './nginx/proxy.ts';
import { startRelay } from './nginx/relay.ts';
import { assertUnanswered } from './nginx/unanswered.ts';

interface Pair {
  readonly redis: Redis;
  readonly primary: Instance;
  readonly backup: Instance;
  /** Hears what the journal has, on the backup itself. */
  readonly witness: WsClient;
}

async function startPair(t: TestContext): Promise<Pair> {
  const redis = await startRedis(t);
  const primary = await startOnRedis(t, redis);
  const backup = await startOnRedis(t, redis);
  return { redis, primary, backup, witness: await connectWs(t, `${backup.wsUrl}/ws?uid=1&mid=`) };
}

test('posts in flight when the primary dies: those with a key are accepted once, those without are refused', async (t) => {
  const { primary, backup, witness } = await startPair(t);
  const relay = await startRelay(t, portOf(primary));
  const nginx = await startProxy(t, { primary: relay.port, backup: portOf(backup) });

  primary.pause();
  const answers = postEach(nginx.url, 5);
  await relay.posts(10);
  await primary.kill();
  const { keyed, plain } = await answers;
  for (const { status } of keyed) assert.equal(status, 202);
  for (const answer of plain) assertUnanswered(answer);
  // The primary had read none of them.
  assert.deepEqual(await heardOf(witness, nginx.url, 5), { keyed: [1, 1, 1, 1, 1], plain: [0, 0, 0, 0, 0] });
});

test('a primary that hangs is left alone after three posts, and what it was sent is not heard twice', async (t) => {
  const { primary, backup, witness } = await startPair(t);
  const nginx = await startProxy(t, {
    primary: portOf(primary),
    backup: portOf(backup),
    // Not so long: nothing is proved by waiting.
    replace: [['proxy_read_timeout 5s', 'proxy_read_timeout 1s']],
  });

  primary.pause();
  const { keyed, plain } = await postEach(nginx.url, 3);
  for (const { status } of keyed) assert.equal(status, 202);
  for (const answer of plain) assertUnanswered(answer);
  // It still hangs, and nobody waits for it any more.
  assert.equal((await post(nginx.url, { topic: 'all', msg: 'at once' })).status, 202);

  // When it goes on it reads what it was sent. "May still be delivered" is meant: those without a key come after all.
  primary.resume();
  await eventually(
    async () => (await statsOf(primary)).counters.accepted === 6 || undefined,
    'the primary to accept what it had been sent',
  );
  assert.deepEqual(await heardOf(witness, nginx.url, 3), { keyed: [1, 1, 1], plain: [1, 1, 1] });
});

test('a 503 of the primary: a post with a key goes to the backup, one without is told', async (t) => {
  const { redis, backup, witness } = await startPair(t);
  const nowhere = await freePort();
  // Redis is away, for the primary only.
  const primary = await startOnRedis(t, { ...redis, address: `127.0.0.1:${nowhere}` });
  const nginx = await startProxy(t, { primary: portOf(primary), backup: portOf(backup) });

  const { keyed, plain } = await postEach(nginx.url, 1);
  assert.equal(keyed[0]?.status, 202);
  assert.equal(plain[0]?.status, 503);
  assert.match(plain[0]?.text ?? '', new RegExp(`queue_unavailable.*Redis at 127.0.0.1:${nowhere}`));
  assert.equal(plain[0]?.headers['retry-after'], '1');
  assert.deepEqual(await heardOf(witness, backup.url, 1), { keyed: [1], plain: [0] });

  // A batch has a key for all, and its query is not lost on the way.
  const batch = [1, 2].map((msg) => ({ topic: 'all', msg }));
  const answer = await request(`${nginx.url}/send?x=1`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': '"k"' },
    body: JSON.stringify(batch),
  });
  assert.deepEqual(answer.json, { msg: 'success.', ids: ['k/0', 'k/1'] });
});

test('a post that was not sent yet is always passed on; with no instance it is refused in words of the server', async (t) => {
  const { backup, witness } = await startPair(t);
  const nobody = await freePort();
  const nginx = await startProxy(t, { primary: nobody, backup: portOf(backup) });
  const { keyed, plain } = await postEach(nginx.url, 10);
  for (const { status } of [...keyed, ...plain]) assert.equal(status, 202);
  const once = Array.from({ length: 10 }, () => 1);
  assert.deepEqual(await heardOf(witness, nginx.url, 10), { keyed: once, plain: once });

  const alone = await startProxy(t, { primary: nobody, backup: nobody });
  for (let n = 0; n < 5; n += 1) {
    const refused = await postEach(alone.url, 1);
    for (const answer of [...refused.keyed, ...refused.plain]) assertUnanswered(answer);
  }
  assert.equal((await request(`${alone.url}/healthz`)).status, 502);
  assert.equal((await request(`${alone.url}/send/keyed`, { method: 'POST', body: '{}' })).status, 404);
});

/** `count` posts with a key and `count` without, all at once. */
async function postEach(url: string, count: number): Promise<{ keyed: readonly Answer[]; plain: readonly Answer[] }> {
  const numbers = Array.from({ length: count }, (_, n) => n);
  const [keyed, plain] = await Promise.all([
    Promise.all(
      numbers.map((n) =>
        post(url, { topic: 'all', msg: `keyed ${n}` }, { headers: { 'idempotency-key': `key-${n}` } }),
      ),
    ),
    Promise.all(numbers.map((n) => post(url, { topic: 'all', msg: `plain ${n}` }))),
  ]);
  return { keyed, plain };
}

/** How often the witness has heard each post of `postEach`, up to a message that is posted now. */
async function heardOf(witness: WsClient, url: string, count: number): Promise<{ keyed: number[]; plain: number[] }> {
  assert.equal((await post(url, { topic: 'all', msg: 'end' })).status, 202);
  await witness.until((frame) => (frame as { msg?: unknown }).msg === 'end', 'the end');
  const heard = (witness.frames as { msg?: unknown }[]).map(({ msg }) => String(msg));
  const countOf = (kind: string): number[] => {
    const counts: number[] = [];
    for (let n = 0; n < count; n += 1) counts.push(heard.filter((msg) => msg === `${kind} ${n}`).length);
    return counts;
  };
  return { keyed: countOf('keyed'), plain: countOf('plain') };
}
