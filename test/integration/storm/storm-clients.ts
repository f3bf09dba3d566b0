import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/**
 * A process of its own: many clients that come at once, raw and cheap, so that what is measured is the server. Each does as
 * docs/protocol.md asks: put off, it comes back after `Retry-After` and a random part of a second. Once all are in it stays, until its
 * standard input ends. Arguments: the server's URL, how many, and for how long they try.
 *
 * Prints one line of JSON: `{"event":"all","seconds","refusals","broken","waits"}`; or exits 1 with what went wrong.
 */
const [url = '', count = '0', limitMs = '0'] = process.argv.slice(2);
const { hostname, port, host } = new URL(url);
const clientCount = Number(count);
const startedMs = performance.now();
const waits: Record<string, number> = {};
let [open, refusals, broken] = [0, 0, 0];

function attempt(index: number): void {
  const socket = connect({ host: hostname, port: Number(port), localAddress: `127.0.0.${2 + (index % 8)}` });
  let received = '';
  let isIn = false;
  socket.setNoDelay(true);
  socket.write(
    `GET /ws?uid=storm-${index}&mid= HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
  );
  socket.on('data', (chunk: Buffer) => {
    if (isIn) return;
    received += chunk.toString('latin1');
    if (!received.startsWith('HTTP/1.1 101 ') || !received.includes('\r\n\r\n')) return;
    isIn = true;
    received = '';
    settle(socket);
  });
  socket.on('error', () => {});
  socket.once('close', () => {
    if (isIn) fail(`a client was dropped after it was taken`);
    const seconds = /^HTTP\/1\.1 503 [^]*\r\nRetry-After: ([1-9]\d*)\r\n[^]*"code":"busy"/.exec(received)?.[1];
    if (seconds === undefined && received !== '') fail(`an answer that is no refusal: ${received}`);
    if (seconds === undefined) broken += 1;
    else refusals += 1;
    waits[seconds ?? 'none'] = (waits[seconds ?? 'none'] ?? 0) + 1;
    setTimeout(attempt, (Number(seconds ?? 1) + Math.random()) * 1000, index);
  });
}

function settle(socket: Socket): void {
  socket.setTimeout(0);
  open += 1;
  if (open < clientCount) return;
  const seconds = (performance.now() - startedMs) / 1000;
  process.stdout.write(`${JSON.stringify({ event: 'all', seconds, refusals, broken, waits })}\n`);
}

function fail(reason: string): never {
  process.stdout.write(`${JSON.stringify({ event: 'failed', reason })}\n`);
  process.exit(1);
}

process.stdin.on('end', () => process.exit(0)).resume();
setTimeout(() => fail(`${open} of ${clientCount} are in; ${JSON.stringify(waits)}`), Number(limitMs));
for (let index = 0; index < clientCount; index += 1) attempt(index);
