import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { WebSocketServer, type WebSocket } from 'ws';
import { endWith } from '../../support/cleanup.ts';
import { post } from '../../support/post.ts';
import { openRaw } from '../../support/raw-socket.ts';
import { closeCodeIn, encodeFrame, openRawWs } from '../../support/raw-ws.ts';
import { connectWs, refusedWs } from '../../support/ws-client.ts';

/** A plain server: it refuses /no, opens a WebSocket elsewhere, echoes posts with status 202. */
async function startPeer(t: TestContext, onSocket: (socket: WebSocket) => void): Promise<string> {
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.writeHead(202, { 'x-type': request.headers['content-type'] ?? '', 'x-url': request.url ?? '' });
      response.end(Buffer.concat(chunks));
    });
  });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1_000 });
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/no') socket.end('HTTP/1.1 403 Forbidden\r\nX-Why: planted\r\nContent-Length: 2\r\n\r\nno');
    else sockets.handleUpgrade(request, socket, head, onSocket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endWith(t, () => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a client keeps what it receives and gives it one by one', async (t) => {
  const host = await startPeer(t, (socket) => {
    for (const n of [1, 2, 3]) socket.send(JSON.stringify({ n }));
    socket.send('not json');
    socket.on('message', (data: Buffer) => {
      socket.send(data);
      socket.close(4001, 'enough');
    });
  });
  const client = await connectWs(t, `ws://${host}/`);
  assert.deepEqual(await client.next(), { n: 1 });
  assert.deepEqual(await client.until((frame) => (frame as { n?: number }).n === 3), { n: 3 });
  assert.equal(await client.next(), 'not json');
  client.send(Buffer.from([1, 2]));
  assert.deepEqual(await client.next(), Buffer.from([1, 2]));
  assert.deepEqual(await client.closed, { code: 4001, reason: 'enough' });
  assert.equal(client.isOpen(), false);
  await client.count(5);
  assert.equal(client.frames.length, 5);
  await assert.rejects(client.next(), /closed \(4001 enough\) before another frame/);
});

test('a refusal has its status, its headers and its text; an opened connection is not a refusal', async (t) => {
  const host = await startPeer(t, () => {});
  const answer = await refusedWs(`ws://${host}/no`);
  assert.equal(answer.status, 403);
  assert.equal(answer.headers['x-why'], 'planted');
  assert.equal(answer.text, 'no');
  await assert.rejects(refusedWs(`ws://${host}/yes`), /was not refused/);
  await assert.rejects(connectWs(t, `ws://${host}/no`), /403/);
});

test('post sends JSON, or the very bytes it was given', async (t) => {
  const url = `http://${await startPeer(t, () => {})}`;
  const json = await post(url, { topic: 'all' });
  assert.equal(json.status, 202);
  assert.deepEqual(json.json, { topic: 'all' });
  assert.equal(json.headers['x-type'], 'application/json');
  assert.equal(json.headers['x-url'], '/send');
  const raw = await post(url, '{"half', { headers: { 'content-type': 'text/plain' } });
  assert.equal(raw.text, '{"half');
  assert.equal(raw.json, undefined);
  assert.equal(raw.headers['x-type'], 'text/plain');
});

test('raw frames: a right one is understood, wrong ones are closed with the code for it', async (t) => {
  const received: string[] = [];
  const host = await startPeer(t, (socket) => {
    socket.on('message', (data: Buffer) => {
      received.push(data.toString());
      socket.send('ok');
    });
    socket.on('error', () => {});
  });
  const good = await openRawWs(t, `ws://${host}/`);
  await good.write(encodeFrame({ payload: 'x'.repeat(200) }));
  await good.receivedUntil((text) => text.endsWith('\x02ok'), 'the echo');
  assert.deepEqual(received, ['x'.repeat(200)]);

  for (const [frame, code] of [
    [{ payload: 'x', masked: false }, 1002],
    [{ payload: 'x', reserved: 4 }, 1002],
    [{ payload: 'x', opcode: 3 }, 1002],
    [{ claimedBytes: 5_000_000_000 }, 1009],
    [{ claimedBytes: 2_000 }, 1009],
    [{ payload: Buffer.from([0xff]) }, 1007],
  ] as const) {
    const bad = await openRawWs(t, `ws://${host}/`);
    await bad.write(encodeFrame(frame));
    assert.equal(closeCodeIn(await bad.closed), code, JSON.stringify(frame));
  }
});

test('a raw connection sends half a request, and resets', async (t) => {
  const host = await startPeer(t, () => {});
  const half = await openRaw(t, `http://${host}`);
  await half.write('POST /send HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345');
  half.end();
  await half.closed;
  const whole = await openRaw(t, `http://${host}`);
  await whole.write('POST /send HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi');
  assert.match(await whole.receivedUntil((text) => text.includes('hi'), 'the echo'), /^HTTP\/1\.1 202/);
  const never = assert.rejects(
    whole.receivedUntil((text) => text.includes('never'), 'never'),
    /closed before never/,
  );
  whole.reset();
  await never;
});
