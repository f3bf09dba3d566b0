import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { post } from '../support/post.ts';
import { openRaw, type RawSocket } from '../support/raw-socket.ts';
import { request } from '../support/request.ts';
import { assertError, ended, readAnswers, startServing } from './serving.ts';

const { url } = await startServing({ after }, { flags: ['--max-body=4KiB'] });

const body = JSON.stringify({ topic: 'all', msg: 'm' });
const rawPost = (headers: readonly string[] = [], version = '1.1', text = body): string =>
  [
    `POST /send HTTP/${version}`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...headers,
    '',
    text,
  ].join('\r\n');

/** Whether the server has ended the connection with what it wrote last: answers on other connections come after that. */
async function isOver(socket: RawSocket): Promise<boolean> {
  let isClosed = false;
  void socket.closed.then(() => (isClosed = true));
  for (let round = 0; round < 3; round += 1) await request(`${url}/healthz`);
  return isClosed;
}

test('posts that come in one packet are answered in order', async (t) => {
  const socket = await openRaw(t, url);
  const ids = ['p1', 'p2', 'p3', 'p4'];
  await socket.write(ids.map((id) => rawPost([`Idempotency-Key: ${id}`])).join(''));
  const received = await socket.receivedUntil((text) => readAnswers(text).length === ids.length, 'four answers');
  assert.deepEqual(
    readAnswers(received).map(({ text }) => (JSON.parse(text) as { id: string }).id),
    ids,
  );
});

test('a client of HTTP/1.0 is answered and left, or kept when it asks for it', async (t) => {
  const once = await openRaw(t, url);
  await once.write(rawPost([], '1.0'));
  assert.match((await ended(once)).toString(), /^HTTP\/1\.1 202 /);
  const kept = await openRaw(t, url);
  for (let count = 1; count <= 2; count += 1) {
    await kept.write(rawPost(['Connection: Keep-Alive'], '1.0'));
    await kept.receivedUntil((text) => readAnswers(text).length === count, 'its answer');
  }
});

test('a client that offers HTTP/2 is answered in HTTP/1.1', async (t) => {
  const socket = await openRaw(t, url);
  await socket.write(rawPost(['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQ']));
  const received = await socket.receivedUntil((text) => readAnswers(text).length === 1, 'its answer');
  assert.match(received, /^HTTP\/1\.1 202 /);
});

test('who waits for 100 Continue gets it, unless the body is too large', async (t) => {
  const small = await openRaw(t, url);
  const [head = ''] = rawPost(['Expect: 100-continue']).split('\r\n\r\n');
  await small.write(`${head}\r\n\r\n`);
  await small.receivedUntil((text) => text === 'HTTP/1.1 100 Continue\r\n\r\n', '100 Continue');
  await small.write(body);
  await small.receivedUntil((text) => text.includes('HTTP/1.1 202 '), 'its answer');

  const large = await openRaw(t, url);
  await large.write(`${head.replace(/Content-Length: \d+/, 'Content-Length: 5000')}\r\n\r\n`);
  await large.receivedUntil((text) => readAnswers(text).length === 1, 'the refusal');
  assert.equal(await isOver(large), true, 'what it would send now, nobody could tell from a request');
  const received = large.received().toString();
  assertError(readAnswers(received)[0] ?? assert.fail(received), 'body_too_large');
  assert.doesNotMatch(received, /100 Continue/);
});

test('a refusal does not cost the connection: what is left of its body is passed over', async (t) => {
  for (const [headers, code] of [
    [['Content-Type: text/plain', 'Content-Length: 3000000'], 'unsupported_media_type'],
    [['Content-Type: application/json', 'Content-Length: 3000000'], 'body_too_large'],
    [['Content-Type: application/json', 'Transfer-Encoding: chunked'], 'body_too_large'],
  ] as const) {
    const socket = await openRaw(t, url);
    const isChunked = headers[1].startsWith('Transfer');
    const part = Buffer.alloc(10_000, 'x');
    const parts = (count: number): Promise<unknown> => {
      const chunk = isChunked ? Buffer.concat([Buffer.from('2710\r\n'), part, Buffer.from('\r\n')]) : part;
      return socket.write(Buffer.concat(Array.from({ length: count }, () => chunk)));
    };
    await socket.write(['POST /send HTTP/1.1', 'Host: x', ...headers, '', ''].join('\r\n'));
    await parts(1);
    await socket.receivedUntil((text) => readAnswers(text).length === 1, 'the refusal');
    await parts(299);
    await socket.write(`${isChunked ? '0\r\n\r\n' : ''}${rawPost()}`);
    const received = await socket.receivedUntil((text) => readAnswers(text).length === 2, 'the next answer');
    const [refusal, next] = readAnswers(received);
    assertError(refusal ?? assert.fail(), code);
    assert.equal(next?.status, 202);
  }
});

test('a client that hangs up after its post can send it whole and gets its refusal', async (t) => {
  const socket = await openRaw(t, url);
  const head = [
    'POST /send HTTP/1.1',
    'Host: x',
    'Content-Type: text/plain',
    'Content-Length: 3000000',
    'Connection: close',
  ];
  await socket.write([...head, '', ''].join('\r\n'));
  await socket.write(Buffer.alloc(1_000_000));
  await socket.receivedUntil((text) => readAnswers(text).length === 1, 'the refusal');
  // A connection closed on bytes that were not read is reset, and an answer that was not read yet is lost with it.
  assert.equal(await isOver(socket), false, 'the server still takes the rest');
  await socket.write(Buffer.alloc(2_000_000));
  assertError(readAnswers((await ended(socket)).toString())[0] ?? assert.fail(), 'unsupported_media_type');
});

test('a refused upload is answered, not reset', async () => {
  const upload = Buffer.alloc(3_000_000, ' ');
  for (let time = 0; time < 10; time += 1) {
    assertError(await post(url, upload, { headers: { 'content-type': 'text/plain' } }), 'unsupported_media_type');
    assertError(await post(url, upload), 'body_too_large');
    assertError(await post(url, upload, { headers: { 'transfer-encoding': 'chunked' } }), 'body_too_large');
  }
});

test('100 requests may wait for the answer to another; a connection with more is ended', async (t) => {
  const one = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
  const many = await openRaw(t, url);
  await many.write(one.repeat(101));
  await many.receivedUntil((text) => readAnswers(text).length === 101, 'all answers');
  const more = await openRaw(t, url);
  await more.write(one.repeat(102));
  assert.ok(readAnswers((await ended(more)).toString()).length < 102);
});
