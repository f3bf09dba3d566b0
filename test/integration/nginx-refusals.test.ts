import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { ErrorBody, ErrorCode } from '../../src/wire/errors.ts';
import { post } from '../support/post.ts';
import { startInstance } from '../support/instance.ts';
import { upgradeRequest } from '../support/raw-ws.ts';
import { connectWs, refusedWs } from '../support/ws-client.ts';
import { startRedis } from '../support/redis.ts';
import { portOf, startOnRedis, startProxy, statsOf } from './nginx/proxy.ts';
import { startStandIn } from './nginx/stand-in.ts';

/** More than max_fails of the primary. */
const LISTENERS = 5;

test('listeners that the primary refuses with 503 are served by the backup, and its posts stay with it', async (t) => {
  let refused = 0;
  let posts = 0;
  const primary = await startStandIn(t, (request, response) => {
    request.resume();
    if (request.url?.startsWith('/ws') === true) refused += 1;
    else posts += 1;
    const isPost = request.method === 'POST';
    response.writeHead(isPost ? 202 : 503, { 'Retry-After': '7' }).end(isPost ? '{"msg":"success."}' : '{}');
  });
  const backup = await startInstance(t);
  const nginx = await startProxy(t, { primary, backup: portOf(backup) });
  for (let count = 1; count <= LISTENERS; count += 1) {
    const listener = await connectWs(t, `${nginx.wsUrl}/ws?uid=${count}&mid=`);
    assert.equal(((await listener.next()) as { event: string }).event, 'welcome');
    assert.equal((await post(nginx.url, { topic: 'all', msg: count })).status, 202);
  }
  // The primary was asked each time, so it was never taken out; so no post went elsewhere.
  assert.equal(refused, LISTENERS);
  assert.equal(posts, LISTENERS);
  const { gauges, counters } = await statsOf(backup);
  assert.equal(gauges.connections, LISTENERS);
  assert.equal(counters.accepted, 0);
});

test('while the primary drains, it takes posts, and who comes anew is served by the backup', async (t) => {
  const redis = await startRedis(t);
  // Long enough that it is still at it when the test goes on: a signal ends it.
  const primary = await startOnRedis(t, redis, ['--drain=60s']);
  const backup = await startOnRedis(t, redis);
  const nginx = await startProxy(t, { primary: portOf(primary), backup: portOf(backup) });
  const listen = (uid: number) => connectWs(t, `${nginx.wsUrl}/ws?uid=${uid}&mid=`);
  const stayed = await Promise.all(Array.from({ length: 100 }, (_, uid) => listen(uid)));
  const stopped = primary.stop();
  await primary.logged('draining');

  for (let uid = 100; uid < 100 + LISTENERS; uid += 1) await listen(uid);
  assert.equal((await statsOf(backup)).gauges.connections, LISTENERS);
  for (let count = 1; count <= LISTENERS; count += 1) {
    assert.equal((await post(nginx.url, { topic: 'all', msg: count })).status, 202);
  }
  assert.equal((await statsOf(primary)).counters.accepted, LISTENERS);
  assert.ok(stayed.some((listener) => listener.isOpen()));
  process.kill(primary.pid, 'SIGTERM');
  await stopped;
});

test('when both refuse, the listener is told what the backup says', async (t) => {
  const refusing = (after: string) =>
    startStandIn(t, (request, response) => {
      request.resume();
      response.writeHead(503, { 'Retry-After': after, 'Content-Type': 'application/json' }).end(`{"after":${after}}`);
    });
  const nginx = await startProxy(t, { primary: await refusing('7'), backup: await refusing('8') });
  const answer = await refusedWs(`${nginx.wsUrl}/ws?uid=1`);
  assert.equal(answer.status, 503);
  assert.equal(answer.headers['retry-after'], '8');
  assert.equal(answer.text, '{"after":8}');
});

test('listeners that come together are let in one after the other, and posts pass them', async (t) => {
  const instance = await startInstance(t);
  const replace = [['rate=1000r/s', 'rate=2r/s']] as const;
  const nginx = await startProxy(t, { primary: portOf(instance), backup: 1, replace });
  const order: string[] = [];
  const listeners = [1, 2, 3].map(async (uid) => {
    await connectWs(t, `${nginx.wsUrl}/ws?uid=${uid}`);
    order.push('listener');
  });
  await Promise.race(listeners);
  // The next one waits for half a second.
  for (let count = 1; count <= LISTENERS; count += 1) {
    assert.equal((await post(nginx.url, { topic: 'all', msg: count })).status, 202);
    order.push('post');
  }
  await Promise.all(listeners);
  assert.deepEqual(order, ['listener', ...Array.from({ length: LISTENERS }, () => 'post'), 'listener', 'listener']);
});

test('who finds too many listeners waiting is told when to come back, and is nobody else’s guest', async (t) => {
  const primary = await startInstance(t);
  const backup = await startInstance(t);
  const replace = [
    ['rate=1000r/s', 'rate=1r/m'],
    ['burst=10000', 'burst=1'],
  ] as const;
  const nginx = await startProxy(t, { primary: portOf(primary), backup: portOf(backup), replace });
  await connectWs(t, `${nginx.wsUrl}/ws?uid=1`);
  // One of them may wait.
  const answer = await new Promise<string>((resolve) => {
    for (const uid of [2, 3]) {
      const socket = connect(Number(new URL(nginx.url).port), '127.0.0.1');
      t.after(() => socket.destroy());
      socket.write(upgradeRequest(`${nginx.wsUrl}/ws?uid=${uid}`));
      socket.on('data', (bytes) => resolve(bytes.toString()));
    }
  });
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  assert.match(head, /^HTTP\/1.1 503 /);
  assert.match(head, /^Retry-After: ([6-9]|10)\r?$/m);
  assert.equal((JSON.parse(body) as ErrorBody).error.code, 'busy' satisfies ErrorCode);
  assert.doesNotMatch(nginx.lines.join('\n'), /uid=/, 'an error log with a query may hold a token');
  for (const instance of [primary, backup]) {
    assert.equal((await statsOf(instance)).gauges.connections, instance === primary ? 1 : 0);
  }
});
