import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { askPrimary } from '../../src/cluster/ask-primary.ts';
import { endWith, type Scope } from '../support/cleanup.ts';

const ready = '{"status":"ready","instance":"i-1"}';

async function serve(scope: Scope, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  endWith(scope, () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ask = (url: string, deadlineMs = 10_000, signal = new AbortController().signal) =>
  askPrimary({ url, deadlineMs, signal });

test('ready is who says so, at /readyz below the address that was given', async (t) => {
  const asked: string[] = [];
  const url = await serve(t, (request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.connection}`);
    response.end(ready);
  });
  assert.deepEqual(await ask(url), { isReady: true, instance: 'i-1' });
  assert.deepEqual(await ask(`${url}/below`), { isReady: true, instance: 'i-1' });
  assert.deepEqual(asked, ['GET /readyz close', 'GET /below/readyz close']);
});

test('anything else is not ready, with the reason for an operator', async (t) => {
  const target = await serve(t, (_request, response) => response.end(ready));
  for (const [status, body, reason, headers] of [
    [503, '{"status":"not ready","reason":"The instance is draining.","instance":"i-1"}', 'The instance is draining.'],
    [503, ready, 'it answers 503, and not as Tidings does'],
    [200, '<h1>Welcome to nginx!</h1>', 'it answers 200, and not as Tidings does'],
    [200, 'null', 'it answers 200, and not as Tidings does'],
    [200, '{"status":"ready"}', 'it answers 200, and not as Tidings does'],
    [200, `{"status":"ready","instance":"${'x'.repeat(20_000)}"}`, 'its answer is too long'],
    [302, '', 'it answers 302, and not as Tidings does', { location: `${target}/readyz` }],
  ] as const) {
    const url = await serve(t, (_request, response) => response.writeHead(status, headers ?? {}).end(body));
    assert.deepEqual(await ask(url), { isReady: false, reason });
  }
  const cut = await serve(t, (request) => request.socket.destroy());
  assert.deepEqual(await ask(cut), { isReady: false, reason: 'ECONNRESET' });
});

test('who does not answer in time, or stops in the middle, is not ready', async (t) => {
  const silent = await serve(t, () => {});
  const halting = await serve(t, (_request, response) => response.write('{"status":'));
  for (const url of [silent, halting]) {
    assert.deepEqual(await ask(url, 50), { isReady: false, reason: 'it does not answer within 50 ms' });
  }
});

test('who answers with an upgrade, which nobody asked for, is not ready', async (t) => {
  const url = await serve(t, ({ socket }) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  });
  assert.deepEqual(await ask(url), { isReady: false, reason: 'it answers, and not as Tidings does' });
});

test('who stops asking is not kept waiting', async (t) => {
  const stopping = new AbortController();
  const url = await serve(t, () => stopping.abort());
  assert.equal((await ask(url, 600_000, stopping.signal)).isReady, false);
});
