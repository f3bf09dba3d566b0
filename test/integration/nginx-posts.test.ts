import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { eventually } from '../support/deadline.ts';
import { freePort } from '../support/free-port.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { projectRoot } from '../support/project.ts';
import { openRaw } from '../support/raw-socket.ts';
import { startRedis } from '../support/redis.ts';
import { request } from '../support/request.ts';
import { runProgram } from '../support/run-command.ts';
import { connectWs } from '../support/ws-client.ts';
import { portOf, startOnRedis, startProxy, statsOf, type Proxy } from './nginx/proxy.ts';
import { startRelay } from './nginx/relay.ts';
import { startStandIn } from './nginx/stand-in.ts';

const MIB = 1024 * 1024;

/** One instance behind nginx; which queue it has makes no difference to what these tests look at. */
async function startBehind(t: TestContext): Promise<{ instance: Instance; nginx: Proxy }> {
  const instance = await startInstance(t);
  return { instance, nginx: await startProxy(t, { primary: portOf(instance), backup: await freePort() }) };
}

test('ab through nginx: every post is 2xx, and every listener of both modes hears each once', async (t) => {
  const redis = await startRedis(t);
  const primary = await startOnRedis(t, redis);
  const backup = await startOnRedis(t, redis);
  const nginx = await startProxy(t, { primary: portOf(primary), backup: portOf(backup) });
  const listeners = await Promise.all(
    ['?uid=1', '?uid=2', '?uid=1&mid=', '?uid=2&mid='].map((query) => connectWs(t, `${nginx.wsUrl}/ws${query}`)),
  );
  // The welcome of tracked mode.
  const events = [0, 0, 1, 1];

  let posts = 0;
  for (const keepAlive of [['-k'], []]) {
    const body = ['-T', 'application/json', '-p', join(projectRoot, 'postdata.txt')];
    const args = ['-q', ...keepAlive, '-c', '100', '-n', '1000', ...body, `${nginx.url}/send`];
    const { code, stdout, stderr } = await runProgram('ab', args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Complete requests:\s+1000$/m);
    assert.match(stdout, /^Failed requests:\s+0$/m);
    assert.doesNotMatch(stdout, /^Non-2xx responses:/m);
    posts += 1000;
  }
  assert.equal((await post(nginx.url, { topic: 'all', msg: 'end' })).status, 202);
  for (const [index, listener] of listeners.entries()) {
    await listener.until((frame) => (frame as { msg?: unknown }).msg === 'end', 'the end');
    assert.equal(listener.frames.length, (events[index] ?? 0) + posts + 1);
    const mids = (listener.frames as { event?: string; mid?: number }[]).flatMap(({ event, mid }) =>
      event === undefined && mid !== undefined ? [mid] : [],
    );
    for (const [at, mid] of mids.entries()) assert.ok(at === 0 || mid > (mids[at - 1] ?? 0), 'mid order');
    assert.equal(mids.length, events[index] === 1 ? posts + 1 : 0);
  }
  assert.equal((await statsOf(primary)).counters.accepted, posts + 1);
});

test('connections to the instance are used again', async (t) => {
  const posts = 100;
  const workers = 2;
  const counted = async (replace: [string, string][]): Promise<number> => {
    const relay = await startRelay(t, portOf(await startInstance(t)));
    const nginx = await startProxy(t, {
      primary: relay.port,
      backup: await freePort(),
      replace: [['worker_processes auto', `worker_processes ${workers}`], ...replace],
    });
    for (let n = 0; n < posts; n += 1) assert.equal((await post(nginx.url, { topic: 'all', msg: n })).status, 202);
    return relay.connections();
  };
  const kept = await counted([]);
  assert.ok(kept <= workers, `${kept} connections for ${posts} posts, one after the other`);
  // The counting would notice: without the header each post has a connection of its own.
  assert.equal(await counted([['proxy_set_header Connection $connection_to;', '']]), posts);
});

test('a body of 1 MiB passes in memory, a larger one is refused by nginx in the words of the server', async (t) => {
  const { instance, nginx } = await startBehind(t);
  const bodyOf = (bytes: number): string => {
    const [before, after] = ['{"topic":"all","msg":"', '"}'];
    return before + 'x'.repeat(bytes - before.length - after.length) + after;
  };
  assert.equal((await post(nginx.url, bodyOf(MIB))).status, 202);
  assert.equal((await post(nginx.url, bodyOf(MIB), { headers: { 'idempotency-key': 'k' } })).status, 202);
  assert.ok(!nginx.lines.some((line) => line.includes('temporary file')), 'a body was written to disk');

  const headersOf = { plain: {}, keyed: { 'idempotency-key': 'k2' } };
  for (const headers of Object.values(headersOf)) {
    for (const framing of [{}, { 'transfer-encoding': 'chunked' }]) {
      const answer = await post(nginx.url, bodyOf(MIB + 1), { headers: { ...headers, ...framing } });
      assert.equal(answer.status, 413);
      assert.equal(answer.headers['content-type'], 'application/json');
      assert.equal((answer.json as { error: { code: string } }).error.code, 'body_too_large');
    }
  }
  // The instance gives the same answer to whoever does not come through nginx, and heard nothing of these.
  const direct = await post(instance.url, bodyOf(MIB + 1));
  assert.equal((direct.json as { error: { code: string } }).error.code, 'body_too_large');
  const { counters } = await statsOf(instance);
  assert.deepEqual([counters.accepted, counters.refused], [2, 1]);
});

test('Expect: 100-continue: a body is asked for, one over the limit is not', async (t) => {
  const { nginx } = await startBehind(t);
  const body = '{"topic":"all","msg":"continued"}';
  const head = (bytes: number): string =>
    `POST /send HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\nExpect: 100-continue\r\n\r\n`;

  const patient = await openRaw(t, nginx.url);
  await patient.write(head(body.length));
  const asked = await patient.receivedUntil((text) => text.includes('\r\n\r\n'), 'the interim answer');
  assert.equal(asked, 'HTTP/1.1 100 Continue\r\n\r\n');
  await patient.write(body);
  const answered = await patient.receivedUntil((text) => text.includes('success.'), 'the answer');
  assert.match(answered.slice(asked.length), /^HTTP\/1\.1 202 /);

  const large = await openRaw(t, nginx.url);
  await large.write(head(2 * MIB));
  const refused = await large.receivedUntil((text) => text.includes('}}'), 'the refusal');
  assert.match(refused, /^HTTP\/1\.1 413 [^]*body_too_large/);
});

test('what the instance is told of the request, and what of it is kept from it', async (t) => {
  const standIn = await startStandIn(t, (asked, response) => {
    response.end(JSON.stringify({ url: asked.url, headers: asked.headers }));
  });
  const nginx = await startProxy(t, { primary: standIn, backup: await freePort() });
  const host = `127.0.0.1:${nginx.port}`;
  for (const path of ['/send', '/send?x=1', '/ws?uid=1', '/events', '/healthz', '/demo/']) {
    const answer = await request(`${nginx.url}${path}`, {
      method: path.startsWith('/send') ? 'POST' : 'GET',
      headers: {
        'x-forwarded-for': '203.0.113.7',
        'x-forwarded-proto': 'https',
        'idempotency-key': 'k',
        expect: '100-continue',
        connection: 'Upgrade, HTTP2-Settings',
        upgrade: 'h2c',
      },
    });
    const { url, headers } = answer.json as { url: string; headers: Record<string, string> };
    assert.equal(url, path);
    const { host: seenHost, connection, upgrade, expect } = headers;
    assert.deepEqual([seenHost, connection, upgrade, expect], [host, undefined, undefined, undefined], path);
    assert.equal(headers['x-forwarded-for'], '127.0.0.1');
    assert.equal(headers['x-forwarded-proto'], 'http');
    assert.equal(headers['idempotency-key'], 'k');
  }
});

test('pages of this door may post, pages of others may not', async (t) => {
  const { nginx } = await startBehind(t);
  const from = async (origin: string): Promise<number> =>
    (await post(nginx.url, { topic: 'all', msg: 'x' }, { headers: { origin } })).status;
  assert.equal(await from(nginx.url), 202);
  assert.equal(await from('http://127.0.0.1:1'), 403);
  assert.equal(await from('https://example.com'), 403);
});

test('who is not among those who may post is refused, with a key and without', async (t) => {
  const instance = await startInstance(t);
  const nginx = await startProxy(t, {
    primary: portOf(instance),
    backup: await freePort(),
    replace: [['127.0.0.1 1;', '203.0.113.7 1;']],
  });
  for (const headers of [{}, { 'idempotency-key': 'k' }, { 'x-forwarded-for': '203.0.113.7' }]) {
    assert.equal((await post(nginx.url, { topic: 'all', msg: 'x' }, { headers })).status, 403);
  }
  assert.equal((await request(`${nginx.url}/healthz`)).status, 200);
  assert.equal((await statsOf(instance)).counters.accepted, 0);
});

test('the rest of the public listener is there, and errors of the instance pass as they are', async (t) => {
  const { instance, nginx } = await startBehind(t);
  for (const path of ['/healthz', '/readyz', '/demo/', '/ws', '/send', '/nothing', '/stats']) {
    const [through, direct] = await Promise.all([request(`${nginx.url}${path}`), request(`${instance.url}${path}`)]);
    assert.deepEqual([through.status, through.text], [direct.status, direct.text], path);
  }
  const through = await post(nginx.url, '{"topic":');
  const direct = await post(instance.url, '{"topic":');
  assert.deepEqual([through.status, through.text], [400, direct.text]);
  const [found, foundDirect] = await Promise.all([request(`${nginx.url}/`), request(`${instance.url}/`)]);
  assert.equal(found.headers.location, foundDirect.headers.location);
});

test('the access log has no query, in which a listener names its uid and has its token', async (t) => {
  const { nginx } = await startBehind(t);
  const client = await connectWs(t, `${nginx.wsUrl}/ws?uid=nobody-may-read&token=secret`);
  await client.close();
  await post(nginx.url, { topic: 'all', msg: 'x' }, { headers: { 'idempotency-key': 'k' } });
  await request(`${nginx.url}/healthz?token=secret`);
  const log = await eventually(async () => {
    const text = await readFile(nginx.accessLog, 'utf8');
    // Each worker of nginx writes its own lines when their second is over.
    return ['/ws', '/send', '/healthz'].every((path) => text.includes(path)) ? text : undefined;
  }, 'the log of three requests');
  assert.match(log, /"GET \/ws" 101 .* up=127\.0\.0\.1:\d+ up_status=101/);
  assert.match(log, /"POST \/send\/keyed" 202 /);
  assert.doesNotMatch(log, /secret|nobody-may-read/);
});
