import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { post } from '../support/post.ts';
import { request } from '../support/request.ts';
import { connectWs, type WsClient } from '../support/ws-client.ts';
import { assertError, startServing } from './serving.ts';

const origin = 'https://app.example.com';
const server = await startServing({ after }, { flags: [`--origins=${origin}`, '--max-body=4KiB'] });
const { url } = server;
const uuidV7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

interface Success {
  readonly msg: string;
  readonly id: string;
  readonly ids: readonly string[];
  readonly accepted: string;
}

async function send(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Success> {
  const answer = await post(url, body, { headers });
  assert.equal(answer.status, 202, answer.text);
  return answer.json as Success;
}

async function listen(uid: string, query = ''): Promise<WsClient> {
  return connectWs({ after }, `${server.wsUrl}/ws?uid=${uid}${query}`);
}

const to = (uid: string, msg: unknown, more: object = {}) => ({ topic: 'uids', topic_ids: [uid], msg, ...more });

test('one envelope is answered 202 with its id', async () => {
  const answer = await post(url, to('a', 'm'));
  assert.equal(answer.status, 202);
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
  const { id } = answer.json as Success;
  assert.match(id, uuidV7);
  assert.equal(answer.text, `{"msg":"success.","id":"${id}","accepted":"volatile"}`);
});

test('the caller may give the id, as a member or as a header', async () => {
  assert.equal((await send(to('a', 'm', { id: 'mine' }))).id, 'mine');
  assert.equal((await send(to('a', 'm'), { 'idempotency-key': 'header' })).id, 'header');
  assert.equal((await send(to('a', 'm'), { 'idempotency-key': '"quoted"' })).id, 'quoted');
  assert.equal((await send(to('a', 'm', { id: 'both' }), { 'idempotency-key': 'both' })).id, 'both');
  assertError(await post(url, to('a', 'm', { id: 'x' }), { headers: { 'idempotency-key': 'y' } }), 'invalid_envelope');
  for (const key of ['', 'a b', 'é', 'k'.repeat(129), '""']) {
    assertError(await post(url, to('a', 'm'), { headers: { 'idempotency-key': key } }), 'invalid_request');
  }
});

test('the same id again is answered the same and delivered once', async () => {
  const client = await listen('once');
  for (let time = 0; time < 3; time += 1) assert.equal((await send(to('once', 'first', { id: 'again' }))).id, 'again');
  await send(to('once', 'end'));
  await client.until((frame) => (frame as { msg: string }).msg === 'end');
  assert.equal(client.frames.length, 2);
});

test('a batch, as an array or as NDJSON, is answered with its ids in order', async () => {
  const client = await listen('batch');
  const items = [to('batch', 1), to('batch', 2, { id: 'two' }), to('batch', 3)];
  const array = await send(items);
  assert.deepEqual(Object.keys(array), ['msg', 'ids', 'accepted']);
  assert.equal(array.ids.length, 3);
  assert.equal(array.ids[1], 'two');
  assert.match(array.ids[0] ?? '', uuidV7);
  const lines = [to('batch', 4), to('batch', 5)].map((item) => JSON.stringify(item)).join('\r\n');
  const ndjson = await send(lines, { 'content-type': 'application/x-ndjson', 'idempotency-key': 'key' });
  assert.deepEqual(ndjson.ids, ['key/0', 'key/1']);
  await client.count(5);
  assert.deepEqual(
    client.frames.map((frame) => (frame as { msg: number }).msg),
    [1, 2, 3, 4, 5],
  );
});

test('a batch with one wrong item is refused whole', async () => {
  const client = await listen('whole');
  const { details } = assertError(
    await post(url, [to('whole', 1), { topic: 'x' }, to('whole', 2)]),
    'invalid_envelope',
  );
  assert.deepEqual(
    details?.map(({ index, path }) => [index, path]),
    [[1, 'topic']],
  );
  await send(to('whole', 'end'));
  await client.count(1);
  assert.deepEqual(
    client.frames.map((frame) => (frame as { msg: unknown }).msg),
    ['end'],
  );
});

test('msg arrives as it was written', async () => {
  const client = await listen('raw');
  const written = [
    '12345678901234567890',
    '1.0',
    '{"b":1,"a" : [ 1e5, null ]}',
    '"\\u00e9\\ud800 é 🎉"',
    '""',
    'null',
    '[]',
  ];
  for (const [index, msg] of written.entries()) {
    await send(`{"topic":"uids","topic_ids":["raw"],"msg":${msg},"time":"t${index}"}`);
  }
  await send('{"topic":"uids","topic_ids":["raw"],\n"msg":{\n"a":\r\n1},"time":"t"}');
  await client.count(written.length + 1);
  assert.deepEqual(client.texts, [
    ...written.map((msg, index) => `{"types":"notice","msg":${msg},"time":"t${index}"}`),
    '{"types":"notice","msg":{ "a":  1},"time":"t"}',
  ]);
});

test('time is the clock of the instance when the envelope has none', async () => {
  const client = await listen('time');
  await send(to('time', 'm'));
  const { time } = (await client.next()) as { time: string };
  assert.match(time, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  assert.ok(Math.abs(Date.now() - new Date(time.replace(' ', 'T')).getTime()) < 60_000, time);
});

test('a page of an allowed origin may post, and may read every answer', async () => {
  const headers = { origin };
  for (const [body, status] of [
    [to('a', 'm'), 202],
    [{ topic: 'x' }, 400],
    ['x'.repeat(5000), 413],
  ] as const) {
    const answer = await post(url, body, { headers });
    assert.equal(answer.status, status);
    assert.equal(answer.headers['access-control-allow-origin'], origin);
    assert.equal(answer.headers.vary, 'Origin');
  }
  const preflight = await request(`${url}/send`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.text, '');
  assert.equal(preflight.headers['access-control-allow-origin'], origin);
  assert.equal(preflight.headers['access-control-allow-methods'], 'POST');
  assert.equal(
    preflight.headers['access-control-allow-headers'],
    'Content-Type, Idempotency-Key, Authorization, X-API-Key, Tidings-Key, Tidings-Signature',
  );
  assert.match(String(preflight.headers['access-control-max-age']), /^\d+$/);
});

test('a page of another origin may not, nor ask whether it may', async () => {
  const host = new URL(url).host;
  for (const headers of [
    { origin: 'https://evil.com' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:1' },
    { origin: `http://localhost:${new URL(url).port}` },
    // DNS rebinding: the page's own name leads to our address.
    { origin: 'http://evil.com', host: 'evil.com' },
    { origin: `http://evil.com:${new URL(url).port}`, host: `evil.com:${new URL(url).port}` },
  ]) {
    for (const method of ['POST', 'OPTIONS']) {
      const answer = await request(`${url}/send`, {
        method,
        headers: { host, 'content-type': 'application/json', ...headers },
        ...(method === 'POST' ? { body: JSON.stringify(to('a', 'm')) } : {}),
      });
      const { message } = assertError(answer, 'origin_refused');
      assert.ok(message.includes(headers.origin), message);
      assert.equal(answer.headers['access-control-allow-origin'], undefined);
    }
  }
  await server.serves();
});

test('a page that this server serves may post, where its name cannot be forged', async () => {
  const { port } = new URL(url);
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) {
    const answer = await post(url, to('a', 'm'), { headers: { host, origin: `http://${host}` } });
    assert.equal(answer.status, 202, host);
    assert.equal(answer.headers['access-control-allow-origin'], `http://${host}`);
  }
});

test('only POST: any other method is answered 405 with Allow', async () => {
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']) {
    const answer = await request(`${url}/send`, { method });
    assert.equal(answer.headers.allow, 'POST', method);
    if (method === 'HEAD') assert.equal(answer.status, 405);
    else assertError(answer, 'method_not_allowed');
  }
});

test('a query on /send changes nothing', async () => {
  const answer = await request(`${url}/send?x=1`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(to('a', 'm')),
  });
  assert.equal(answer.status, 202);
});
