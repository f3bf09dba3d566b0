import assert from 'node:assert/strict';
import { Agent, createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { endServer } from '../../src/ingress/end-server.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { within } from '../support/deadline.ts';
import { request } from '../support/request.ts';

const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const longMs = 60_000;

async function serve(
  scope: Scope,
  answer: (response: ServerResponse) => void,
): Promise<{ server: Server; port: number }> {
  const server = createServer((incoming, response) => {
    incoming.resume();
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endWith(scope, () => server.closeAllConnections());
  return { server, port: (server.address() as AddressInfo).port };
}

test('connections that the kernel has taken and nobody has accepted yet are served', async (t) => {
  const { server, port } = await serve(t, (response) => response.end('ok'));
  const answers = Array.from({ length: 50 }, () => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.write(get);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    return new Promise<string>((resolve, reject) => {
      socket.once('close', () => resolve(text));
      socket.once('error', reject);
    });
  });
  const all = Promise.allSettled(answers);
  // From here on the kernel has them; the event loop has not turned since.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  await endServer(server, { lingerMs: 0, deadlineMs: longMs });
  for (const answer of await all) {
    assert.equal(answer.status, 'fulfilled', answer.status === 'rejected' ? String(answer.reason) : '');
    assert.match(answer.status === 'fulfilled' ? answer.value : '', /^HTTP\/1\.1 200 OK\r\n[^]*ok/);
  }
  await assert.rejects(request(`http://127.0.0.1:${port}/`), { code: 'ECONNREFUSED' });
});

test('it waits for a request that is under way, and not for a connection that is idle', async (t) => {
  let held: ServerResponse | undefined;
  const { server, port } = await serve(t, (response) => {
    if (held === undefined) held = response;
    else response.end('ok');
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  t.after(() => agent.destroy());
  const url = `http://127.0.0.1:${port}/`;
  const slow = request(url, { agent });
  const quick = await request(url, { agent });
  assert.equal(quick.headers.connection, 'keep-alive');
  let hasEnded = false;
  const ended = endServer(server, { lingerMs: 0, deadlineMs: longMs }).then(() => (hasEnded = true));
  // The idle one is closed, which takes more turns than the end would.
  const connections = (): Promise<number> => new Promise((resolve) => server.getConnections((_e, n) => resolve(n)));
  while ((await connections()) > 1) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(!hasEnded);
  held?.end('at last');
  assert.equal((await slow).text, 'at last');
  await within(ended, 'the end');
});

test('where requests never cease, idle connections are closed between two of them, and none is cut off', async (t) => {
  const { server, port } = await serve(t, (response) => response.end('ok'));
  const idle = new Agent({ keepAlive: true, maxSockets: 3 });
  t.after(() => idle.destroy());
  const url = `http://127.0.0.1:${port}/`;
  await Promise.all([1, 2, 3].map(() => request(url, { agent: idle })));
  await within(endServer(server, { lingerMs: longMs, deadlineMs: 1000 }), 'the end');
  const left = await new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
  assert.equal(left, 0);
});

test('it does not wait for longer than its deadline', async (t) => {
  const { server, port } = await serve(t, () => {});
  const never = request(`http://127.0.0.1:${port}/`);
  never.catch(() => {});
  await new Promise((resolve) => server.once('request', resolve));
  await within(endServer(server, { lingerMs: 0, deadlineMs: 50 }), 'the end');
  server.closeAllConnections();
  await assert.rejects(never);
});
