import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createHttpServer } from '../../src/ingress/http-server.ts';
import { refuse } from '../../src/gateway/refuse.ts';
import { endWith } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { openRaw } from '../support/raw-socket.ts';

const answerBytes = 32 * 1024 * 1024;
const counters = { overHeaders: 0, overRequestTime: 0, overHttpConnections: 0 };

/** A server whose answer is larger than what the system holds for a socket. Gives its address, and how many connections it has. */
async function serveLargeAnswers(t: TestContext, stalledTimeoutMs: number) {
  const onRequest = (_request: unknown, response: { end(body: Buffer): void }): void =>
    response.end(Buffer.alloc(answerBytes));
  const options = { requestTimeoutMs: 10_000, maxHeadersBytes: 16_384, maxHttpConnections: 100, stalledTimeoutMs };
  const server = createHttpServer({ onRequest, onBroken: refuse, counters }, options).listen(0, '127.0.0.1');
  endWith(t, () => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const count = (): Promise<number> =>
    new Promise((resolve) => server.getConnections((_error, found) => resolve(found)));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, count };
}

const ask = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

test('a client that takes nothing of its answer is given up', async (t) => {
  const { url, count } = await serveLargeAnswers(t, 300);
  const socket = await openRaw(t, url);
  socket.pause();
  await socket.write(ask);
  await eventually(async () => ((await count()) === 0 ? true : undefined), 'the connection to be ended');
});

test('one that takes it slowly gets it whole', async (t) => {
  const { url } = await serveLargeAnswers(t, 2_000);
  const socket = await openRaw(t, url);
  await socket.write(ask);
  const timer = setInterval(() => {
    socket.pause();
    setTimeout(() => socket.resume(), 20);
  }, 40);
  endWith(t, () => clearInterval(timer));
  await eventually(() => (socket.received().length > answerBytes ? true : undefined), 'all of it', 30_000);
  assert.ok(socket.received().length > answerBytes);
});
