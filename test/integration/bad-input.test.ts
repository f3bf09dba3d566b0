import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { post } from '../support/post.ts';
import { openRaw } from '../support/raw-socket.ts';
import { request } from '../support/request.ts';
import { connectWs } from '../support/ws-client.ts';
import type { ErrorCode } from '../../src/wire/errors.ts';
import { assertError, ended, readAnswers, startServing } from './serving.ts';

const server = await startServing({ after }, { flags: ['--request-timeout=500ms'] });
const { url } = server;
const maxBodyBytes = 1024 * 1024;

const head = (...headers: readonly string[]): string =>
  ['POST /send HTTP/1.1', 'Host: x', 'Content-Type: application/json', ...headers, '', ''].join('\r\n');

/** Bodies, and the error that each is answered with. */
const bodies: readonly [string, string | Uint8Array, ErrorCode][] = [
  ['nothing at all', '', 'invalid_json'],
  ['text', 'hello', 'invalid_json'],
  ['a form', 'topic=all&msg=m', 'invalid_json'],
  ['truncated JSON', '{"topic":"all","msg":"m"', 'invalid_json'],
  ['JSON and then more', '{"topic":"all","msg":"m"}}', 'invalid_json'],
  ['NaN', '{"topic":"all","msg":"m","timeout":NaN}', 'invalid_json'],
  ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'invalid_json'],
  ['a byte order mark', '\ufeff{"topic":"all","msg":"m"}', 'invalid_json'],
  ['NUL bytes', Buffer.alloc(100), 'invalid_json'],
  ['null', 'null', 'invalid_envelope'],
  ['a number', '5', 'invalid_envelope'],
  ['an empty object', '{}', 'invalid_envelope'],
  ['another shape', '{"to":"all","text":"m"}', 'invalid_envelope'],
  ['no msg', '{"topic":"all"}', 'invalid_envelope'],
  ['an empty array', '[]', 'invalid_envelope'],
  ['an array of the wrong shape', '[{"topic":"all","msg":1},[]]', 'invalid_envelope'],
  [
    '10,001 topic_ids',
    JSON.stringify({ topic: 'uids', topic_ids: Array(10_001).fill('1'), msg: 1 }),
    'invalid_envelope',
  ],
  ['10,001 envelopes', `[${'{"topic":"all","msg":1},'.repeat(10_000)}{"topic":"all","msg":1}]`, 'invalid_envelope'],
  ['a negative timeout', '{"topic":"all","msg":"m","timeout":-5}', 'invalid_envelope'],
  ['a timeout that is text', '{"topic":"all","msg":"m","timeout":"2121325421"}', 'invalid_envelope'],
  ['a timeout beyond numbers', '{"topic":"all","msg":"m","timeout":1e999}', 'invalid_envelope'],
  ['a lone surrogate in a uid', '{"topic":"uids","topic_ids":["\\ud800"],"msg":"m"}', 'invalid_envelope'],
  ['a lone surrogate in types', '{"topic":"all","types":"\\udc00","msg":"m"}', 'invalid_envelope'],
  ['a surrogate as bytes', Buffer.from('7b226d7367223a22eda08022 7d'.replaceAll(' ', ''), 'hex'), 'invalid_json'],
  ['__proto__', '{"topic":"all","msg":"m","__proto__":{"types":"x"}}', 'invalid_envelope'],
  ['an envelope in __proto__', '{"__proto__":{"topic":"all","msg":"m"}}', 'invalid_envelope'],
  ['100,000 levels that are no envelope', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'invalid_envelope'],
  [
    '100,000 levels of uids',
    `{"topic":"uids","topic_ids":${'['.repeat(1e5)}${']'.repeat(1e5)},"msg":1}`,
    'invalid_envelope',
  ],
  ['100,000 levels without end', '['.repeat(100_000), 'invalid_json'],
  ['a body over the limit', ' '.repeat(maxBodyBytes + 1), 'body_too_large'],
];

for (const [name, body, code] of bodies) {
  test(`${name}: ${code}`, async () => {
    const answer = await post(url, body);
    assertError(answer, code);
    assert.ok(answer.text.length < 20_000, `an answer of ${answer.text.length} characters`);
    await server.serves();
  });
}

test('10,000 wrong topic_ids are refused with a bounded answer', async () => {
  const { details } = assertError(
    await post(url, { topic: 'uids', topic_ids: Array(10_000).fill(''), msg: 1 }),
    'invalid_envelope',
  );
  assert.equal(details?.length, 100);
  await server.serves();
});

test('10,000 topic_ids and a body of just the limit are taken', async () => {
  assert.equal((await post(url, { topic: 'uids', topic_ids: Array(10_000).fill('1'), msg: 1 })).status, 202);
  const start = '{"topic":"uids","topic_ids":["none"],"msg":"';
  const body = `${start}${'x'.repeat(maxBodyBytes - start.length - 2)}"}`;
  assert.equal(body.length, maxBodyBytes);
  assert.equal((await post(url, body)).status, 202);
  assertError(await post(url, `${body} `), 'body_too_large');
  await server.serves();
});

test('a body over the limit without a Content-Length is refused as soon as it is', async (t) => {
  const socket = await openRaw(t, url);
  await socket.write(head('Transfer-Encoding: chunked'));
  const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, ' '), Buffer.from('\r\n')]);
  for (let sent = 0; sent <= maxBodyBytes; sent += 65_536) await socket.write(chunk);
  const received = await socket.receivedUntil((text) => readAnswers(text).length === 1, 'the refusal');
  assertError(readAnswers(received)[0] ?? assert.fail(), 'body_too_large');
  await server.serves();
});

test('one that never ends its body is refused, and cut off when its time is up', async (t) => {
  const socket = await openRaw(t, url);
  await socket.write(head(`Content-Length: ${10 * maxBodyBytes}`));
  const received = (await ended(socket)).toString();
  assert.deepEqual(
    readAnswers(received).map(({ status }) => status),
    [413, 408],
  );
  await server.serves();
});

test('a timeout in the past is accepted, dropped and counted', async () => {
  const client = await connectWs({ after }, `${server.wsUrl}/ws?uid=past`);
  const before = (await server.stats()).counters['expired'] ?? 0;
  const send = (msg: string, timeout: number) => post(url, { topic: 'uids', topic_ids: ['past'], msg, timeout });
  assert.equal((await send('late', 1)).status, 202);
  assert.equal((await send('in time', 0)).status, 202);
  assert.equal(((await client.next()) as { msg: string }).msg, 'in time');
  assert.equal((await server.stats()).counters['expired'], before + 1);
});

test('a lone surrogate and 100,000 levels within msg arrive as they are', async () => {
  const client = await connectWs({ after }, `${server.wsUrl}/ws?uid=odd`);
  for (const msg of ['"\\ud800"', '{"__proto__":{"polluted":true}}', `${'['.repeat(100_000)}${']'.repeat(100_000)}`]) {
    assert.equal((await post(url, `{"topic":"uids","topic_ids":["odd"],"msg":${msg},"time":"t"}`)).status, 202);
    await client.next();
    assert.equal(client.texts.at(-1), `{"types":"notice","msg":${msg},"time":"t"}`);
  }
  await server.serves();
});

test('half a body and then silence: 408 in time, and closed', async (t) => {
  for (const bytes of [head('Content-Length: 100') + '{"topic"', head('Transfer-Encoding: chunked') + '5\r\n{"to']) {
    const socket = await openRaw(t, url);
    await socket.write(bytes);
    const [answer, ...more] = readAnswers((await ended(socket)).toString());
    assertError(answer ?? assert.fail(), 'request_timeout');
    assert.deepEqual(more, []);
  }
  await server.serves();
});

test('half a head, or nothing at all, and then silence: closed', async (t) => {
  for (const bytes of ['', 'POST /send HTTP/1.1\r\nHost: x\r\n', 'P']) {
    const socket = await openRaw(t, url);
    if (bytes !== '') await socket.write(bytes);
    const [answer] = readAnswers((await ended(socket)).toString());
    assertError(answer ?? assert.fail(), 'request_timeout');
  }
  await server.serves();
});

test('one that goes away in the middle of its body harms nobody', async (t) => {
  for (const leave of ['end', 'reset'] as const) {
    const socket = await openRaw(t, url);
    await socket.write(head('Content-Length: 100') + '{"topic"');
    socket[leave]();
    if (leave === 'end') await ended(socket);
  }
  await server.serves();
});

test('bytes that are not HTTP are refused', async (t) => {
  for (const bytes of [
    'hello\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'POST /send HTTP/9.9\r\n\r\n',
    head('Content-Length: -1'),
    head('Content-Length: 5', 'Content-Length: 6'),
    head('Content-Length: 5', 'Transfer-Encoding: chunked'),
    `${head('Transfer-Encoding: chunked')}zz\r\n`,
    'POST /send HTTP/1.1\r\nHost: x\r\nX: \x00\r\n\r\n',
  ]) {
    const socket = await openRaw(t, url);
    await socket.write(Buffer.from(bytes, 'latin1'));
    const answers = readAnswers((await ended(socket)).toString());
    assertError(answers.at(-1) ?? assert.fail(bytes), 'invalid_request');
  }
  await server.serves();
});

test('a request of HTTP/1.1 without a Host is refused; one of HTTP/1.0 needs none', async (t) => {
  const answers = await Promise.all(
    ['1.1', '1.0'].map(async (version) => {
      const socket = await openRaw(t, url);
      await socket.write(`GET /healthz HTTP/${version}\r\n\r\n`);
      return readAnswers((await ended(socket)).toString())[0] ?? assert.fail(version);
    }),
  );
  assertError(answers[0] ?? assert.fail(), 'invalid_request');
  assert.equal(answers[1]?.status, 200);
  await server.serves();
});

test('what else a client expects than 100 Continue is ignored', async (t) => {
  const socket = await openRaw(t, url);
  const body = '{"topic":"all","msg":1}';
  await socket.write(`${head(`Content-Length: ${body.length}`, 'Expect: the-unexpected')}${body}`);
  await socket.receivedUntil((text) => text.includes('HTTP/1.1 202 '), 'its answer');
});

test('the costliest bodies that were found are answered, shortly, and harm nobody', async () => {
  const fill = (piece: string): string => piece.repeat(Math.floor((maxBodyBytes - 200) / piece.length));
  for (const body of [
    `{"topic":"all","msg":1,${fill('"id":"x",')}"id":"x"}`,
    `{"topic":"all","msg":1,${fill('"k":1,')}"k":1}`,
    `{"topic":"uids","topic_ids":[${fill('{},')}1],"msg":1}`,
    `[${fill('{},')}1]`,
    `{"topic":"all","msg":"${fill('\\\\')}"}`,
    `{"topic":"all","msg":[${fill('"\\"",')}1]}`,
  ]) {
    const answer = await post(url, body);
    assert.ok(answer.status === 202 || answer.status === 400, answer.text);
    assert.ok(answer.text.length < 50_000);
    await server.serves();
  }
});

test('a wrong method and a wrong path are told so', async () => {
  assertError(await request(`${url}/send`), 'method_not_allowed');
  assertError(await request(`${url}/sent`, { method: 'POST', body: '{}' }), 'not_found');
  await server.serves();
});

test('after all that, no connection is held and every refusal is counted', async () => {
  const { gauges, counters } = await server.stats();
  assert.ok((counters['refused'] ?? 0) > 30);
  assert.ok(gauges.connections <= 3);
});
