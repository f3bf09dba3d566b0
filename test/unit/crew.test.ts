import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { WorkerError } from '../../src/cluster/worker-error.ts';
import { createCrewRun, type Process } from './crew-run.ts';
import { settled } from './hub-run.ts';

test('each worker is given its orders when it says hello, and the crew has started when all are ready', async (t) => {
  const { crew, processes } = createCrewRun(t, 3);
  let isStarted = false;
  const started = crew.start().then(() => (isStarted = true));
  for (const process of processes) process.onMessage({ type: 'hello' });
  assert.deepEqual(
    processes.map(({ heard: [first] }) => (first?.type === 'start' ? first.orders.worker : 0)),
    [1, 2, 3],
  );
  for (const process of processes) {
    await settled();
    assert.equal(isStarted, false);
    process.onMessage({ type: 'ready' });
  }
  await started;
});

test('a worker that ends before all are ready is an error of the start', async (t) => {
  const { crew, processes } = createCrewRun(t);
  const started = crew.start();
  processes[1]?.onExit(1);
  await assert.rejects(started, WorkerError);
});

test('one that has lived is replaced at once, one that dies young after a wait that grows to 30 s', async (t) => {
  const { crew, processes, tick, start, newest } = createCrewRun(t);
  await start();
  tick(60_000);
  processes[0]?.onExit('SIGKILL');
  tick(0);
  assert.equal(processes.length, 3);
  for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
    const before: number = processes.length;
    newest().onExit(1);
    tick(seconds * 1000 - 1);
    assert.equal(processes.length, before, `not before ${seconds} s`);
    tick(1);
    assert.equal(processes.length, before + 1, `after ${seconds} s`);
  }
  tick(10_000);
  newest().onExit(1);
  tick(0);
  assert.equal(processes.length, 11, 'it had lived');
  assert.deepEqual(
    crew.states().map(({ worker, restarts }) => [worker, restarts]),
    [
      [1, 9],
      [2, 0],
    ],
  );
});

test('when all die young again and again it is said, so that nobody is kept waiting for them', async (t) => {
  const { processes, steps, tick, start } = createCrewRun(t);
  await start();
  steps.length = 0;
  const killAll = (): void => {
    for (const process of processes.slice(-2)) process.onExit('SIGKILL');
  };
  killAll();
  tick(1000);
  assert.deepEqual(steps, [], 'the next ones come soon');
  processes[2]?.onExit(1);
  assert.deepEqual(steps, [], 'one is left');
  tick(2000);
  processes[3]?.onExit(1);
  assert.deepEqual(steps, [], 'one runs again');
  processes[4]?.onExit(1);
  assert.deepEqual(steps, ['deserted']);
});

test('connections go to those that are ready in turn; one that a worker did not get is taken back or closed', async (t) => {
  const { crew, processes, returned } = createCrewRun(t, 3);
  assert.equal(crew.hand(new Socket()), false);
  const started = crew.start();
  assert.equal(crew.hand(new Socket()), false, 'they run, and are not ready');
  for (const process of processes) process.onMessage({ type: 'ready' });
  await started;
  processes[1]?.onExit('SIGKILL');
  for (let count = 0; count < 6; count += 1) assert.equal(crew.hand(new Socket()), true);
  assert.deepEqual(
    processes.map(({ sockets }) => sockets.length),
    [3, 0, 3],
  );
  for (const process of processes) process.isReached = false;
  assert.equal(crew.hand(new Socket()), false, 'they have died, and nobody has heard of it');
  const [seen, whole] = processes[0]?.sockets ?? [];
  processes[0]?.losses[0]?.(false);
  processes[0]?.losses[1]?.(true);
  assert.equal(seen?.destroyed, true, 'the worker may have seen something of it');
  assert.deepEqual([returned[0] === whole, returned.length, whole?.destroyed], [true, 1, false]);
});

test('a worker that says nothing any more is passed over, and ended when that goes on', async (t) => {
  const { crew, processes, start, tick } = createCrewRun(t);
  const pong = (process: Process | undefined): void => process?.onMessage({ type: 'pong' });
  await start();
  const given = (): number[] => processes.map(({ sockets }) => sockets.splice(0).length);
  const handSix = (): void => {
    for (let count = 0; count < 6; count += 1) crew.hand(new Socket());
  };
  const [, second] = processes;
  for (let look = 0; look < 4; look += 1) {
    tick(1000);
    pong(second);
  }
  handSix();
  assert.deepEqual(given(), [0, 6]);
  for (let look = 4; look < 15; look += 1) {
    tick(1000);
    pong(second);
  }
  assert.deepEqual([processes[0]?.isKilled, second?.isKilled], [false, false]);
  pong(processes[0]);
  handSix();
  assert.deepEqual(given(), [3, 3], 'it is back');
  for (let look = 0; look < 4; look += 1) tick(1000);
  handSix();
  assert.deepEqual(
    given().map((count) => count > 0),
    [true, false],
    'one that is late is better than none',
  );
  for (let look = 4; look < 16; look += 1) {
    assert.equal(processes[0]?.isKilled, false);
    tick(1000);
    pong(second);
  }
  assert.deepEqual([processes[0]?.isKilled, second?.isKilled], [true, false]);
});

test('a worker that says nothing before it is ready is ended too, after longer', async (t) => {
  const { crew, processes, tick } = createCrewRun(t);
  const started = crew.start();
  const [first, second] = processes;
  for (let look = 0; look < 60; look += 1) {
    tick(1000);
    second?.onMessage({ type: 'pong' });
  }
  assert.deepEqual([first?.isKilled, second?.isKilled], [false, false]);
  tick(1000);
  assert.deepEqual([first?.isKilled, second?.isKilled], [true, false]);
  first?.onExit('SIGKILL');
  await assert.rejects(started, WorkerError);
});

test('a worker is given no more than it takes: what it is told does not wait behind a crowd', async (t) => {
  const { crew, processes, steps, start } = createCrewRun(t);
  await start();
  let given = 0;
  while (given < 1000 && crew.hand(new Socket())) given += 1;
  assert.deepEqual(
    processes.map(({ onTheirWay }) => onTheirWay),
    [16, 16],
  );
  const [one] = processes;
  assert.ok(one !== undefined);
  one.onTheirWay -= 1;
  one.onMessage({ type: 'taken', number: 1 });
  assert.equal(steps.at(-1), 'taken');
  assert.deepEqual([crew.hand(new Socket()), crew.hand(new Socket())], [true, false]);
});
