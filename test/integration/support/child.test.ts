import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { startChild } from '../../support/child.ts';
import { endWith } from '../../support/cleanup.ts';
import { within } from '../../support/deadline.ts';

const childModule = new URL('../../support/child.js', import.meta.url).href;

/** A process that starts a child, which connects to `port` for as long as it lives, and then does `next`. */
const parentOf = (port: number, next: string): string => `
  const { startChild } = await import(${JSON.stringify(childModule)});
  const child = await startChild(process.execPath, ['-e', "net.connect(${port}, '127.0.0.1').on('connect', () => console.log('connected'))"]);
  await child.line((line) => line === 'connected', 'the connection');
  console.log('started');
  ${next}`;

for (const [how, next, signal] of [
  ['SIGTERM', 'setInterval(() => {}, 1000);', 'SIGTERM'],
  ['an uncaught error', "throw new Error('planted');", undefined],
  ['process.exit', 'process.exit(0);', undefined],
] as const) {
  test(`what a test started does not outlive it: ${how}`, async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    endWith(t, () => void server.close());
    await once(server, 'listening');
    const grandchild = once(server, 'connection') as Promise<[Socket]>;
    const parent = await startChild(process.execPath, [
      '--input-type=module',
      '-e',
      parentOf((server.address() as AddressInfo).port, next),
    ]);
    endWith(t, async () => {
      await parent.end('SIGKILL');
    });
    const [connection] = await within(grandchild, 'the child to connect');
    const gone = new Promise((resolve) => connection.on('error', () => {}).once('close', resolve));
    connection.resume();
    await parent.line((line) => line === 'started', 'the start');
    if (signal !== undefined) parent.signal(signal);
    await parent.exited;
    await within(gone, 'the child to be gone');
  });
}

test('a program that does not exist is an error, not a process', async () => {
  await assert.rejects(startChild('no-such-program', []), /ENOENT/);
});
