import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startInstance } from '../support/instance.ts';
import { openRaw } from '../support/raw-socket.ts';
import { accepted, adminOf } from './admin-client.ts';
import { assertError, ended, startServing } from './serving.ts';

const server = await startServing({ after }, { flags: ['--max-body=2KiB'] });
const admin = adminOf(server);
const json = { 'content-type': 'application/json' };

test('another method is told which ones a path takes', async () => {
  for (const [path, method, allow] of [
    ['/stats', 'POST', 'HEAD, GET'],
    ['/messages/x', 'PUT', 'HEAD, GET, POST, DELETE'],
    ['/scheduled', 'DELETE', 'HEAD, GET'],
    ['/failed', 'POST', 'HEAD, GET'],
    ['/failed/1/retry', 'GET', 'POST'],
  ] as const) {
    const answer = await admin.ask(path, { method });
    assertError(answer, 'method_not_allowed');
    assert.equal(answer.headers.allow, allow, path);
  }
});

test('what is not there is not there, however it is written', async () => {
  for (const path of [
    '/nowhere',
    '/messages',
    '/messages/',
    '/stats/',
    '/failed/1',
    '/failed/1/retry/2',
    '/send',
    '/%00',
  ])
    assertError(await admin.ask(path), 'not_found');
});

test('an id that no message can have is not known, whatever it holds', async () => {
  for (const id of ['%00', '%', '%E0%A4%A', 'a%20b', '%C3%A9', 'x'.repeat(136), '..%2F..', '__proto__', 'constructor'])
    for (const method of ['GET', 'DELETE'])
      assertError(await admin.ask(`/messages/${id}`, { method }), 'unknown_message');
});

test('a query is read whole: what is wrong or not known is named', async () => {
  const id = await accepted(server, { topic: 'all', msg: 'm' });
  for (const [query, path] of [
    ['uids=', 'uids[0]'],
    ['uids=1,,2', 'uids[1]'],
    [`uid=${'x'.repeat(257)}`, 'uids[0]'],
    ['limit=1', 'limit'],
    ['uids=1&__proto__=2', '__proto__'],
  ] as const) {
    const { details } = assertError(await admin.ask(`/messages/${id}?${query}`), 'invalid_query');
    assert.deepEqual(
      details?.map((detail) => detail.path),
      [path],
      query,
    );
  }
  for (const [query, path] of [
    ['from=-1', 'from'],
    ['from=1.5', 'from'],
    ['limit=1001', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['form=1', 'form'],
  ] as const) {
    for (const list of ['/scheduled', '/failed']) {
      const { details } = assertError(await admin.ask(`${list}?${query}`), 'invalid_query');
      assert.deepEqual(
        details?.map((detail) => detail.path),
        [path],
        query,
      );
    }
  }
  for (const method of ['DELETE', 'POST'])
    assertError(await admin.ask(`/messages/${id}?uids=1`, { method, headers: json }), 'invalid_query');
});

test('a body in place of the query is read with the same care', async () => {
  const id = await accepted(server, { topic: 'all', msg: 'm' });
  const send = (body: string, headers: Readonly<Record<string, string>> = json) =>
    admin.ask(`/messages/${id}`, { method: 'POST', headers, body });
  assertError(await send('{"uids":["1"]}', { 'content-type': 'text/plain' }), 'unsupported_media_type');
  assertError(await send('{"uids":["1"]}', {}), 'unsupported_media_type');
  assertError(await send('{"uids":'), 'invalid_json');
  assertError(await send(`{"uids":["${'x'.repeat(4000)}"]}`), 'body_too_large');
  for (const wrong of [
    '[]',
    '{}',
    'null',
    '7',
    '{"uids":"1"}',
    '{"uids":[]}',
    '{"uids":[null]}',
    '{"uids":["1"],"uid":"2"}',
  ])
    assertError(await send(wrong), 'invalid_query');
  const numbers = await send('{"uids":[1,"2"]}');
  assert.deepEqual(
    (numbers.json as { uids: { uid: string }[] }).uids.map(({ uid }) => uid),
    ['1', '2'],
  );
});

test('one that goes away in the middle of its body is no fault of the server', async (t) => {
  const instance = await startInstance(t);
  const socket = await openRaw(t, instance.adminUrl);
  const headers = ['Host: localhost', 'Content-Type: application/json', 'Content-Length: 100'];
  await socket.write(`POST /messages/x HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n{"uids"`);
  socket.end();
  await ended(socket);
  await instance.stop();
  assert.deepEqual(instance.records('fault'), []);
});

test('a page of another origin changes nothing, also under a name that leads here', async () => {
  const id = await accepted(server, { topic: 'all', msg: 'm' });
  const port = new URL(server.adminUrl).port;
  for (const headers of [
    { origin: 'https://evil.com' },
    { origin: 'null' },
    { origin: `http://evil.com:${port}`, host: `evil.com:${port}` },
  ]) {
    assertError(await admin.ask(`/messages/${id}`, { method: 'DELETE', headers }), 'origin_refused');
    assertError(await admin.ask('/failed/1/retry', { method: 'POST', headers }), 'origin_refused');
  }
  assert.equal((await admin.message(id)).state, 'appended');
  const own = { origin: `http://127.0.0.1:${port}` };
  assert.equal((await admin.ask(`/messages/${id}`, { method: 'DELETE', headers: own })).status, 200);
});

test('a queue that holds nothing back says so', async () => {
  for (const path of ['/scheduled', '/failed']) assertError(await admin.ask(path), 'no_backlog');
  assertError(await admin.ask('/failed/1/retry', { method: 'POST' }), 'no_backlog');
  await server.serves();
});
