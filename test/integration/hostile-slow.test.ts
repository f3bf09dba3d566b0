import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { endWith } from '../support/cleanup.ts';
import { openRaw, type RawSocket } from '../support/raw-socket.ts';
import { encodeFrame, openRawWs } from '../support/raw-ws.ts';
import { besideHonest, holdsNothingMore, openFiles, residentBytes } from './hostile-beside.ts';
import { assertError, ended, readAnswers, startServing } from './serving.ts';

const server = await startServing({ after }, { flags: ['--request-timeout=500ms', '--ping-interval=1s'] });
const { url, wsUrl } = server;

const attackers = 60;
const everyMs = 40;

/** Sends the text over and over, a byte at a time, so that there is always something new, until the connection has ended. */
async function dribble(t: TestContext, socket: RawSocket, text: string): Promise<Buffer> {
  let at = 0;
  const timer = setInterval(() => {
    void socket.write(text.charAt(at % text.length));
    at += 1;
  }, everyMs);
  endWith(t, () => clearInterval(timer));
  const received = await ended(socket);
  clearInterval(timer);
  socket.reset();
  return received;
}

const head = 'POST /send HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
const whole = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';

/** What is sent at once, and what then comes byte by byte without an end. */
const slow: readonly (readonly [string, string, string])[] = [
  ['a head', 'GET /healthz HTTP/1.1\r\nHost: x\r\n', 'X: y\r\n'],
  ['a line of a head', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX: ', 'y'],
  ['a request line', 'GET /', 'a'],
  ['a body', `${head}Content-Length: 100000\r\n\r\n`, '{'],
  ['a body in chunks', `${head}Transfer-Encoding: chunked\r\n\r\n`, '1\r\nx\r\n'],
  ['the size of a chunk', `${head}Transfer-Encoding: chunked\r\n\r\n`, '0'],
  ['a body that was refused', `${head.replace('application/json', 'a/b')}Content-Length: 100000\r\n\r\n`, '{'],
  ['an upgrade', 'GET /ws?uid=slow HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n', 'X: y\r\n'],
  ['a second request', whole, 'GET /healthz HTTP/1.1\r\nX: y\r\n'],
];

for (const [name, first, rest] of slow) {
  test(`${name} that comes byte by byte for ever is cut off, and others are served`, async (t) => {
    const files = openFiles(server);
    const attack = Array.from({ length: attackers }, async () => {
      const socket = await openRaw(t, url);
      await socket.write(first);
      return dribble(t, socket, rest);
    });
    await besideHonest(server, Promise.all(attack));
    for (const received of await Promise.all(attack)) {
      const answers = readAnswers(received.toString('latin1'));
      if (name === 'a second request') assert.equal(answers[0]?.status, 200);
      // Who was answered before the end is only cut off.
      if (name === 'a body that was refused') assert.equal(answers[0]?.status, 415);
      else assertError(answers.at(-1) ?? assert.fail('no answer'), 'request_timeout');
    }
    await holdsNothingMore(server, files);
  });
}

test('a frame that comes byte by byte for ever, from clients that answer no ping, is cut off', async (t) => {
  const files = openFiles(server);
  const begun = encodeFrame({ claimedBytes: 4_000 }).subarray(0, 8);
  const attack = Array.from({ length: attackers }, async () => {
    const socket = await openRawWs(t, `${wsUrl}/ws?uid=slow`);
    await socket.write(begun);
    return dribble(t, socket, 'x');
  });
  await besideHonest(server, Promise.all(attack));
  await holdsNothingMore(server, files);
});

test('requests without end on connections whose answers nobody reads are not answered without end', async (t) => {
  // With the usual time for a request: all of them together hold everybody up for a moment.
  const own = await startServing(t);
  const files = openFiles(own);
  const before = residentBytes(own);
  const requests = 'GET /demo/app.js HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2_000);
  const sockets = await Promise.all(Array.from({ length: attackers }, () => openRaw(t, own.url)));
  for (const socket of sockets) {
    socket.pause();
    // What the server does not take stays with the system.
    void socket.write(requests);
  }
  for (let round = 0; round < 30; round += 1) await own.serves();
  const grown = residentBytes(own) - before;
  // 60 connections with 101 answers of 9.5 KB each are 58 MB, twice that before the collector has been there; all 2,000 of each would be
  // 1.1 GB.
  assert.ok(grown < 192 * 1024 * 1024, `${grown} bytes more`);
  for (const socket of sockets) socket.reset();
  await holdsNothingMore(own, files);
});
