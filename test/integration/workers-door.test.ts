import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { eventually, within } from '../support/deadline.ts';
import { startInstance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { openRaw } from '../support/raw-socket.ts';
import { connectWs } from '../support/ws-client.ts';
import { crewOf } from './crew-stats.ts';
import { ended, readAnswers } from './serving.ts';

const body = '{"topic":"all","msg":1}';
const request = `POST /send HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** A post on a connection of its own: its status, or what the system said of the connection. */
function postAlone(port: number): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    let error = 'closed';
    const socket = connect(port, '127.0.0.1', () => {
      error = 'closed after it was opened';
      socket.write(request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    });
    socket.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
    socket.on('error', ({ message }) => (error += `: ${message}`));
    socket.on('close', () => resolve(received === '' ? error : received.slice(9, 12)));
  });
}

/**
 * It has ended with all its threads, and the process that has started it has not asked how. Its files are open until the last thread has
 * ended: before that a connection can still be sent to it, and nobody knows afterwards whether it was seen.
 */
function isZombie(pid: number): boolean {
  return /^State:\tZ .*^Threads:\t1$/ms.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

test('a stop loses no post: each is answered, or its connection is refused', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2', '--drain=1s'] });
  const port = Number(new URL(instance.url).port);
  const listener = await connectWs(t, `${instance.wsUrl}/ws?uid=1&mid=`);
  const answers: string[] = [];
  const lastOf: string[] = [];
  let isRefused = false;
  const poster = async (): Promise<void> => {
    let last = '';
    while (!isRefused) {
      const answer = await postAlone(port);
      if (answer.startsWith('closed:')) isRefused = true;
      else answers.push((last = answer));
    }
    lastOf.push(last);
  };
  const posters = Array.from({ length: 8 }, poster);
  await listener.count(50);
  await instance.stop();
  await Promise.all(posters);
  // Between the last look for new connections and the close of the door are some microseconds, or a turn of other processes on a busy
  // machine: what the system takes into that it resets, and nobody here ever sees it. So it is the last that its poster hears before the
  // door is closed. That the door waits for such a look is end-server.test's.
  const lost = answers.filter((answer) => answer !== '202');
  assert.deepEqual(lost, Array<string>(lost.length).fill('closed after it was opened: read ECONNRESET'));
  assert.equal(lastOf.filter((answer) => answer !== '202').length, lost.length, 'none is lost before the end');
  assert.ok(answers.length >= 50, `${answers.length} posts`);
});

test('a client that dawdles is told so by any worker', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2', '--request-timeout=300ms'] });
  for (let turn = 0; turn < 4; turn += 1) {
    const slow = await openRaw(t, instance.url);
    await slow.write('POST /send HTTP/1.1\r\nHost: x\r\n');
    assert.equal(readAnswers((await ended(slow)).toString('latin1'))[0]?.status, 408);
  }
});

test('connections that come while there is no worker wait for the next one', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2'] });
  for (const { pid } of (await crewOf(instance)).workers) process.kill(pid ?? 0, 'SIGKILL');
  await instance.logged('worker.died', ({ worker }) => worker === 1);
  await instance.logged('worker.died', ({ worker }) => worker === 2);
  const answers = await within(
    Promise.all(Array.from({ length: 5 }, () => post(instance.url, { topic: 'all', msg: 'late' }))),
    'the next worker',
  );
  for (const { status } of answers) assert.equal(status, 202);
});

test('who is handed to a worker that hangs is given to another one when it ends', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2'] });
  const port = Number(new URL(instance.url).port);
  const victim = (await crewOf(instance)).workers[0]?.pid ?? 0;
  process.kill(victim, 'SIGSTOP');
  const answered: string[] = [];
  const opened = Array.from({ length: 8 }, async () => {
    const answer = await postAlone(port);
    answered.push(answer);
    return answer;
  });
  await eventually(() => (answered.length >= 4 ? true : undefined), 'the answers of the other worker');
  process.kill(victim, 'SIGKILL');
  const answers = await within(Promise.all(opened), 'the worker that is left');
  const closed = answers.filter((answer) => answer !== '202');
  // The first of them was on its way when the worker ended.
  assert.ok(closed.length <= 1, answers.join());
});

test('connections that come when all workers have died, and nobody has heard of it yet, wait for the next one', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2'] });
  const pids = (await crewOf(instance)).workers.map(({ pid }) => pid ?? 0);
  // What happens while it stands still it hears of at once, of the deaths last.
  process.kill(instance.pid, 'SIGSTOP');
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await eventually(() => (pids.every(isZombie) ? true : undefined), 'the workers to be dead');
  const posters = await Promise.all(Array.from({ length: 5 }, () => openRaw(t, instance.url)));
  for (const poster of posters) await poster.write(request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  process.kill(instance.pid, 'SIGCONT');
  const answers = await within(Promise.all(posters.map(ended)), 'the next worker');
  const statuses = answers.map((answer) => readAnswers(answer.toString('latin1'))[0]?.status);
  // One for each worker may have been on its way before the supervisor saw that nobody is there; it is closed.
  assert.ok(statuses.filter((status) => status === 202).length >= 3, statuses.join());
  assert.ok(
    statuses.every((status) => status === 202 || status === undefined),
    statuses.join(),
  );
  assert.equal(instance.records('worker.died').length, 2);
});
