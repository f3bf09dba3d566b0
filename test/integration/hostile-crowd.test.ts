import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/deadline.ts';
import { openRaw } from '../support/raw-socket.ts';
import { upgradeRequest } from '../support/raw-ws.ts';
import { connectWs } from '../support/ws-client.ts';
import { besideHonest, holdsNothingMore, openFiles } from './hostile-beside.ts';
import { assertError, ended, readAnswers, startServing } from './serving.ts';

const crowd = 1_000;

/** What each of a crowd has sent when it falls silent. */
const halves: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['half a request', 'POST /send HTTP/1.1\r\nHost: x\r\nContent-Le'],
  ['half an upgrade', 'GET /ws?uid=half HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n'],
];

for (const [name, sent] of halves) {
  test(`${crowd} sockets that send ${name} and stay are closed, and others are served meanwhile`, async (t) => {
    const server = await startServing(t, { flags: ['--request-timeout=2s'] });
    const files = openFiles(server);
    const sockets = await Promise.all(
      Array.from({ length: crowd }, async () => {
        const socket = await openRaw(t, server.url);
        if (sent !== '') await socket.write(sent);
        return socket;
      }),
    );
    const closed = Promise.all(sockets.map(ended));
    await besideHonest(server, closed);
    for (const received of await closed) {
      assertError(readAnswers(received.toString())[0] ?? assert.fail('no answer'), 'request_timeout');
    }
    for (const socket of sockets) socket.reset();
    await holdsNothingMore(server, files);
  });
}

test('1,000 sockets that have ended their side, and never close, are closed', async (t) => {
  const server = await startServing(t);
  const files = openFiles(server);
  const sockets = await Promise.all(Array.from({ length: crowd }, () => openRaw(t, server.url)));
  for (const socket of sockets) socket.end();
  await besideHonest(server, Promise.all(sockets.map(ended)));
  await holdsNothingMore(server, files);
});

test('a flood of handshakes gets 101 or is put off; who is connected, and who posts, notices nothing; then others come in', async (t) => {
  const perSecond = 100;
  const server = await startServing(t, { flags: [`--max-handshakes=${perSecond}`] });
  const files = openFiles(server);
  const statuses = new Map<number, number>();
  const flood = async (at: number): Promise<void> => {
    for (let round = 0; round < 40; round += 1) {
      const socket = await openRaw(t, server.url);
      await socket.write(upgradeRequest(`${server.url}/ws?uid=flood-${at}`));
      const received = await socket.receivedUntil((text) => text.includes('\r\n\r\n'), 'an answer');
      const [answer = assert.fail(received)] = readAnswers(received);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (answer.status !== 101) assertError(answer, 'busy');
      socket.reset();
    }
  };
  await besideHonest(server, Promise.all(Array.from({ length: 50 }, (_, at) => flood(at))));
  assert.equal((statuses.get(101) ?? 0) + (statuses.get(503) ?? 0), 2_000);
  assert.ok((statuses.get(503) ?? 0) > 500, 'it was a flood');
  const newcomer = await eventually(
    () => connectWs(t, `${server.wsUrl}/ws?uid=newcomer`).catch(() => undefined),
    'a newcomer to be let in',
  );
  await newcomer.close();
  await holdsNothingMore(server, files);
});
