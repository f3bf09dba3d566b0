import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FromWorker } from '../../src/cluster/crew-messages.ts';
import { createFork } from '../../src/cluster/fork-worker.ts';
import { endWith } from '../support/cleanup.ts';
import { eventually, within } from '../support/deadline.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** A worker that takes connections and answers nothing else; told to end, it only closes its channel. */
const program = `
  process.on('message', (message, socket) => {
    if (message.type === 'end') process.disconnect();
    if (message.type !== 'connection') return;
    socket.destroy();
    process.send({ type: 'taken', number: message.number });
  });
  setInterval(() => {}, 1000);
`;

test('that a worker takes connections is heard of it, and that nothing reaches it is seen before it has ended', async (t) => {
  const file = join(await makeTempDir(t), 'worker.cjs');
  await writeFile(file, program);
  const heard: FromWorker['type'][] = [];
  let hasExited = false;
  let onExit = (): void => {};
  const exited = new Promise<void>((resolve) => (onExit = resolve));
  const forked = createFork({ program: file, isLinked: false })({
    onMessage: ({ type }) => void heard.push(type),
    onExit() {
      hasExited = true;
      onExit();
    },
  });
  endWith(t, async () => {
    forked.kill();
    await within(exited, 'the worker to end');
  });
  const accepted: Socket[] = [];
  const server = createServer({ pauseOnConnect: true }, (socket) => void accepted.push(socket));
  endWith(t, () => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => {});
  endWith(t, () => void client.destroy());
  const socket = await eventually(() => accepted[0], 'the connection');
  assert.equal(forked.isReached, true);
  forked.give(socket, () => assert.fail('it is taken'));
  await eventually(() => heard.includes('taken') || undefined, 'the worker to be heard');

  forked.send({ type: 'end' });
  await eventually(() => !forked.isReached || undefined, 'its channel to be closed');
  assert.equal(hasExited, false);
});
