import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { LoadPlan } from './plan.ts';

/** More than the kernel keeps for a socket and the server's budget for it, so that the rest has to be dealt with. */
const FILL_POSTS = 200;
const FILL_BYTES = 60_000;
const FILL_WAIT_MS = 500;

const UID = 'stuck';

/**
 * Opens connections that never read, and posts to them until they hold all that they can. What the whole crowd is sent afterwards
 * is for them as well.
 */
export async function openStuck({ port, stuck }: Pick<LoadPlan, 'port' | 'stuck'>): Promise<Socket[]> {
  const sockets = await Promise.all(Array.from({ length: stuck }, () => openOne(port)));
  const envelope = { topic: 'uids', topic_ids: [UID], msg: 'x'.repeat(FILL_BYTES) };
  const body = JSON.stringify(Array.from({ length: 10 }, () => envelope));
  for (let posted = 0; stuck > 0 && posted < FILL_POSTS; posted += 10) {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`http://127.0.0.1:${port}/send`, { method: 'POST', headers, body });
    if (answer.status !== 202) throw new Error(`a post failed: ${answer.status} ${await answer.text()}`);
    await answer.text();
  }
  if (stuck > 0) await delay(FILL_WAIT_MS);
  return sockets;
}

async function openOne(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  socket.write(
    `GET /ws?uid=${UID} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  const [head] = (await once(socket, 'data')) as [Buffer];
  if (!head.toString('latin1').startsWith('HTTP/1.1 101'))
    throw new Error(`upgrade refused: ${head.toString('latin1')}`);
  socket.pause();
  return socket;
}
