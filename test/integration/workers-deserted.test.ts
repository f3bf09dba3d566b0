import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { signalPid } from '../support/child-pids.ts';
import { eventually, within } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { crewOf } from './crew-stats.ts';

/** Kills whatever worker comes, until there is none for a while and the port is shut. */
async function desert(instance: Instance): Promise<void> {
  await eventually(async () => {
    if (instance.records('door.shut').length > 0) return true;
    for (const { pid } of (await crewOf(instance)).workers) if (pid !== null) signalPid(pid, 'SIGKILL');
    return undefined;
  }, 'the port to be shut');
}

/** What becomes of a connection: `opened`, or why it was not. */
function knock(url: string): Promise<string> {
  const { port, hostname } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.destroy();
      resolve('opened');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
}

test('when workers die as soon as they start the port is shut, so that a proxy goes elsewhere, until there is one again', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2'] });
  await desert(instance);
  assert.equal(await knock(instance.url), 'ECONNREFUSED');
  await instance.logged('door.opened');
  assert.equal((await post(instance.url, { topic: 'all', msg: 1 })).status, 202);
});

test('who waits for a worker when the port is shut is sent away', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2'] });
  const { port, hostname } = new URL(instance.url);
  process.kill(instance.pid, 'SIGSTOP');
  const waiting = connect(Number(port), hostname);
  await once(waiting, 'connect');
  waiting.on('error', () => {});
  const closed = once(waiting, 'close');
  for (const { pid } of instance.records('worker.ready')) process.kill(Number(pid), 'SIGKILL');
  process.kill(instance.pid, 'SIGCONT');
  await desert(instance);
  await within(closed, 'who waits to be sent away');
});

test('a stop while the port is shut is a stop', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2'] });
  await desert(instance);
  await instance.stop();
});
