import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { endWith, type Scope } from '../support/cleanup.ts';
import { eventually, within } from '../support/deadline.ts';
import { startInstance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { connectWs, refusedWs } from '../support/ws-client.ts';
import { assertError, startServing } from './serving.ts';

const CLIENTS = 5000;
const HANDSHAKES_PER_SECOND = 1000;
const POSTS_PER_SECOND = 200;
const STORM_LIMIT_MS = 40_000;

interface Storm {
  readonly event: string;
  readonly reason?: string;
  readonly seconds: number;
  readonly refusals: number;
  readonly broken: number;
}

/** Resolves when the whole crowd is in. */
async function storm(scope: Scope, url: string): Promise<Storm> {
  const script = join(import.meta.dirname, 'storm/storm-clients.js');
  const child = spawn(process.execPath, [script, url, String(CLIENTS), String(STORM_LIMIT_MS)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  endWith(scope, async () => {
    child.stdin.end();
    await within(once(child, 'close'), 'the crowd to end');
  });
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line) as Storm;
  throw new Error('the crowd ended without a word');
}

/** Posts at a steady rate, whatever the answers take, until it is stopped; resolves with how long each took. */
function postSteadily(scope: Scope, url: string): () => Promise<number[]> {
  const agent = new Agent({ keepAlive: true });
  endWith(scope, () => agent.destroy());
  const posts: Promise<number>[] = [];
  const one = async (): Promise<number> => {
    const sentMs = performance.now();
    const answer = await post(url, { topic: 'uids', topic_ids: ['storm-1'], msg: 'm' }, { agent });
    assert.equal(answer.status, 202, answer.text);
    return performance.now() - sentMs;
  };
  const startedMs = performance.now();
  const timer = setInterval(() => {
    const due = ((performance.now() - startedMs) / 1000) * POSTS_PER_SECOND;
    while (posts.length < due) posts.push(one());
  }, 5);
  endWith(scope, () => clearInterval(timer));
  return () => {
    clearInterval(timer);
    return Promise.all(posts);
  };
}

test('5,000 listeners come at once: they are taken at the rate, the others are told when to come, and posts go on', async (t) => {
  const server = await startServing(t, { flags: [`--max-handshakes=${HANDSHAKES_PER_SECOND}`] });
  const stopPosts = postSteadily(t, server.url);
  const { event, reason, seconds, refusals, broken } = await storm(t, server.url);
  const tookMs = (await stopPosts()).sort((a, b) => a - b);
  assert.equal(event, 'all', reason);
  const p99 = tookMs[Math.floor(tookMs.length * 0.99)] ?? Number.NaN;
  t.diagnostic(
    `${CLIENTS} in after ${seconds.toFixed(1)} s, ${refusals} put off, ${broken} connections broken; ` +
      `${tookMs.length} posts, p99 ${p99.toFixed(0)} ms`,
  );
  assert.ok(refusals > 0);
  // One second of the rate is taken at once, and nothing ever goes faster than the rate.
  assert.ok(seconds >= (CLIENTS - HANDSHAKES_PER_SECOND) / HANDSHAKES_PER_SECOND, `all within ${seconds} s`);
  const { gauges, counters } = await server.stats();
  assert.equal(gauges.connections, CLIENTS + 1);
  assert.equal(counters['handshakesDeferred'], refusals);
  assert.equal(counters['listenersRefused'], refusals);
  await server.serves();
});

test('while the event loop is late no listener is taken; when it is no longer, they are', async (t) => {
  const server = await startServing(t, { flags: ['--max-lag=5ms'] });
  const batch = JSON.stringify(Array.from({ length: 10_000 }, () => ({ topic: 'uids', topic_ids: ['0'], msg: 'm' })));
  let isOver = false;
  const posters = Array.from({ length: 4 }, async () => {
    while (!isOver) assert.ok([202, 503].includes((await post(server.url, batch)).status));
  });
  endWith(t, () => {
    isOver = true;
  });
  const refusal = await eventually(
    () => refusedWs(`${server.wsUrl}/ws?uid=1`).catch(() => undefined),
    'a listener to be put off',
  );
  isOver = true;
  await Promise.all(posters);
  assertError(refusal, 'busy');
  assert.equal((await server.logged('handshakes.deferred'))['reason'], 'lag');
  await eventually(() => connectWs(t, `${server.wsUrl}/ws?uid=1`).catch(() => undefined), 'a listener to be taken');
  await server.serves();
});

test('without memory no listener is taken, and posts are', async (t) => {
  const full = await startInstance(t, { flags: ['--max-memory=16MiB'] });
  assertError(await refusedWs(`${full.wsUrl}/ws?uid=1`), 'busy');
  assert.equal((await full.logged('handshakes.deferred'))['reason'], 'memory');
  assert.equal((await post(full.url, { topic: 'all', msg: 'm' })).status, 202);
});
