import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { WebSocketRoute } from 'playwright-core';
import { startChromium } from '../support/chromium.ts';
import { eventually } from '../support/deadline.ts';
import { startInstance } from '../support/instance.ts';
import { openDemo } from './demo-page.ts';

const file = { after };
const server = await startInstance(file);
const chromium = await startChromium(file);

test('a page that is handed over comes back when it is told to, with its cursor', async (t) => {
  const sockets: WebSocketRoute[] = [];
  const { page, state, detail, arrived } = await openDemo(t, chromium, server.url, {
    query: '?uid=1',
    prepare: (page) => page.routeWebSocket(/\/ws\?/, (socket) => void sockets.push(socket)),
  });
  await state('Open');
  const handOver = async (socket: WebSocketRoute | undefined, afterMs: number): Promise<void> => {
    socket?.send(JSON.stringify({ event: 'reconnect', after_ms: afterMs }));
    await socket?.close({ code: 1012, reason: 'the server hands over' });
  };
  const message = { mid: 11, id: 'm', types: 'notice', msg: 'eleven', time: '' };
  for (const frame of [{ event: 'welcome', mid: 10, resumed: true }, message]) sockets[0]?.send(JSON.stringify(frame));
  await arrived('eleven');

  // Its own first wait would be half a second.
  await handOver(sockets[0], 50_000);
  await state('Reconnecting in 4');
  await detail('closed 1012: the server hands over');
  assert.equal(sockets.length, 1);
  await page.getByRole('button', { name: 'Retry now' }).click();
  await eventually(() => sockets[1], 'the second connection');
  await state('Open');

  // However often it is handed over, that is no failure, for which each wait is twice the one before.
  for (let count = 1; count <= 8; count += 1) {
    await handOver(sockets[count], 0);
    const next = await eventually(() => sockets[count + 1], 'the next connection');
    assert.equal(new URL(next.url()).searchParams.get('mid'), '11');
    await state('Open');
  }
});
