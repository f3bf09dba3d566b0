import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { Certificate } from '../../src/ingress/certificate.ts';
import { createHttpServer } from '../../src/ingress/http-server.ts';
import { refuse } from '../../src/gateway/refuse.ts';
import { makeCertificate } from '../support/certificate.ts';
import { endWith } from '../support/cleanup.ts';
import { eventually, within } from '../support/deadline.ts';
import { openRaw } from '../support/raw-socket.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const answerBytes = 32 * 1024 * 1024;
const limits = { requestTimeoutMs: 10_000, maxHeadersBytes: 16_384, maxHttpConnections: 100 };
const noCounts = { overHeaders: 0, overRequestTime: 0, overHttpConnections: 0, overPipelined: 0, overUnreadTime: 0 };

type OnRequest = (request: unknown, response: { end(body: Buffer): void }) => void;

/** An answer that is larger than what the system holds for a socket. */
const answerMuch: OnRequest = (_request, response) => response.end(Buffer.alloc(answerBytes));
const answerNothing: OnRequest = () => {};

interface ServeOptions {
  readonly stalledTimeoutMs?: number;
  readonly certificate?: Certificate;
}

/** A server of this process. Gives its address, how many connections it has, and what it has counted. */
async function serve(t: TestContext, onRequest: OnRequest, { stalledTimeoutMs = 60_000, certificate }: ServeOptions) {
  const counters = { ...noCounts };
  const options = { ...limits, stalledTimeoutMs };
  const server = createHttpServer({ onRequest, onBroken: refuse, counters }, options, certificate);
  server.listen(0, '127.0.0.1');
  endWith(t, () => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const count = (): Promise<number> =>
    new Promise((resolve) => server.getConnections((_error, found) => resolve(found)));
  const isEmpty = (): Promise<boolean> =>
    eventually(async () => ((await count()) === 0 ? true : undefined), 'the connection to be ended');
  return { url: `http://127.0.0.1:${port}`, port, count, isEmpty, counters };
}

const ask = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

test('a client that takes nothing of its answer is given up, and counted', async (t) => {
  const { url, isEmpty, counters } = await serve(t, answerMuch, { stalledTimeoutMs: 300 });
  const socket = await openRaw(t, url);
  socket.pause();
  await socket.write(ask);
  await isEmpty();
  assert.deepEqual(counters, { ...noCounts, overUnreadTime: 1 });
});

test('one behind TLS as well', async (t) => {
  const { keyFile, ca } = await makeCertificate(await makeTempDir(t), 'a');
  const certificate = new Certificate({ cert: ca, key: readFileSync(keyFile, 'utf8') });
  const { port, count, isEmpty, counters } = await serve(t, answerMuch, { stalledTimeoutMs: 300, certificate });
  const socket = connectTls({ host: '127.0.0.1', port, ca });
  endWith(t, () => void socket.destroy());
  await once(socket, 'secureConnect');
  assert.equal(await count(), 1);
  socket.write(ask);
  await isEmpty();
  assert.deepEqual(counters, { ...noCounts, overUnreadTime: 1 });
});

test('one that takes it slowly gets it whole', async (t) => {
  const { url, counters } = await serve(t, answerMuch, { stalledTimeoutMs: 2_000 });
  const socket = await openRaw(t, url);
  await socket.write(ask);
  const timer = setInterval(() => {
    socket.pause();
    setTimeout(() => socket.resume(), 20);
  }, 40);
  endWith(t, () => clearInterval(timer));
  await eventually(() => (socket.received().length > answerBytes ? true : undefined), 'all of it', 30_000);
  assert.ok(socket.received().length > answerBytes);
  assert.deepEqual(counters, noCounts);
});

for (const [name, text] of [
  ['asks for nothing', ''],
  ['waits for us', ask],
]) {
  test(`one that ${name} is ended, and is not one that reads nothing`, async (t) => {
    const { url, counters } = await serve(t, answerNothing, { stalledTimeoutMs: 300 });
    const socket = await openRaw(t, url);
    await socket.write(text ?? '');
    assert.equal((await within(socket.closed, 'the end')).length, 0);
    assert.deepEqual(counters, noCounts);
  });
}

test('it is 75 s, or what a request may take when that is more', () => {
  for (const [requestTimeoutMs, timeoutMs] of [
    [10_000, 75_000],
    [600_000, 600_000],
  ] as const) {
    const deps = { onRequest: answerNothing, onBroken: refuse, counters: { ...noCounts } };
    assert.equal(createHttpServer(deps, { ...limits, requestTimeoutMs }).timeout, timeoutMs);
  }
});

test('100 requests of a connection wait for the answer to another, and with one more it is ended, and counted', async (t) => {
  const answers: (() => void)[] = [];
  const { url, isEmpty, counters } = await serve(
    t,
    (_request, response) => void answers.push(() => response.end(Buffer.from('x'))),
    {},
  );
  const came = (count: number): Promise<boolean> =>
    eventually(() => (answers.length >= count ? true : undefined), `${count} requests`);
  const honest = await openRaw(t, url);
  await honest.write(ask.repeat(101));
  await came(101);
  // Whoever gets an answer may ask again.
  for (const answer of answers) answer();
  await honest.receivedUntil((received) => received.split('HTTP/1.1 200 ').length === 102, 'every answer');
  await honest.write(ask.repeat(101));
  await came(202);
  assert.deepEqual(counters, noCounts);
  await honest.write(ask);
  await within(honest.closed, 'the end');
  await isEmpty();
  assert.equal(counters.overPipelined, 1);

  // However many are in one packet, it is one connection.
  const hostile = await openRaw(t, url);
  await hostile.write(ask.repeat(1000));
  await within(hostile.closed, 'the end');
  await isEmpty();
  assert.deepEqual(counters, { ...noCounts, overPipelined: 2 });
  assert.equal(answers.length, 202 + 101);
});
