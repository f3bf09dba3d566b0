import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { pino } from 'pino';
import { z } from 'zod';
import { createCrew } from '../../src/cluster/crew.ts';
import type { ToWorker, WorkerOrders } from '../../src/cluster/crew-messages.ts';
import type { ForkEvents } from '../../src/cluster/fork-worker.ts';
import { noAnswer } from '../../src/cluster/supervisor-line.ts';
import { WorkerError } from '../../src/cluster/worker-error.ts';
import { defaultConfig } from '../../src/config/schema.ts';
import { settled } from './hub-run.ts';

/** A process that is none: the test says what it does. */
interface Process extends ForkEvents {
  readonly worker: number;
  readonly heard: ToWorker[];
  readonly sockets: Socket[];
  isKilled: boolean;
  isReached: boolean;
  onTheirWay: number;
  /** Of those that it was given, what is to be done when it did not get them. */
  readonly losses: ((isWhole: boolean) => void)[];
}

const question = { name: 'sum', about: z.null(), answer: z.number() };

function createRun(t: TestContext, workers = 2, stopLimitMs = 10_000) {
  const { mock } = t;
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  let nowMs = 0;
  const processes: Process[] = [];
  const steps: string[] = [];
  const ended: number[] = [];
  const answers = new Map<string, (about: unknown) => unknown>();
  const returned: Socket[] = [];
  const crew = createCrew(
    {
      fork(events) {
        const process: Process = {
          ...events,
          worker: 0,
          heard: [],
          sockets: [],
          isKilled: false,
          isReached: true,
          onTheirWay: 0,
          losses: [],
        };
        processes.push(process);
        return {
          pid: 1000 + processes.length,
          get onTheirWay() {
            return process.onTheirWay;
          },
          get isReached() {
            return process.isReached;
          },
          link: undefined,
          send: (message) => void process.heard.push(message),
          give(socket, onLost) {
            process.sockets.push(socket);
            process.onTheirWay += 1;
            process.losses.push(onLost);
          },
          kill: () => (process.isKilled = true),
        };
      },
      orders: (worker): WorkerOrders => ({
        worker,
        workers,
        config: defaultConfig(),
        isLinked: true,
        instance: 'i',
        time: { unixMs: 0, uptimeSeconds: 0 },
        tls: undefined,
      }),
      onForked: () => {},
      onAsk: (worker, name, about) => answers.get(`${worker} ${name}`)?.(about),
      onEnded: (worker) => void ended.push(worker),
      onReady: () => void steps.push('ready'),
      onDeserted: () => void steps.push('deserted'),
      onTaken: () => void steps.push('taken'),
      onReturned: (socket) => void returned.push(socket),
      closeDoor() {
        steps.push('closed');
        return Promise.resolve();
      },
      log: pino({ level: 'silent' }),
      monotonicMs: () => nowMs,
    },
    { workers, stopLimitMs },
  );
  const newest = (): Process => processes.at(-1) ?? assert.fail('none was started');
  const tick = (ms: number): void => {
    nowMs += ms;
    mock.timers.tick(ms);
  };
  t.after(() => mock.timers.reset());
  return {
    crew,
    processes,
    steps,
    ended,
    answers,
    returned,
    tick,
    newest,
    async start(): Promise<void> {
      const started = crew.start();
      for (const process of processes) process.onMessage({ type: 'hello' });
      for (const process of processes) process.onMessage({ type: 'ready' });
      await started;
    },
  };
}

const typesOf = ({ heard }: Process): string[] => heard.map(({ type }) => type);

test('each worker is given its orders when it says hello, and the crew has started when all are ready', async (t) => {
  const { crew, processes } = createRun(t, 3);
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
  const { crew, processes } = createRun(t);
  const started = crew.start();
  processes[1]?.onExit(1);
  await assert.rejects(started, WorkerError);
});

test('one that has lived is replaced at once, one that dies young after a wait that grows to 30 s', async (t) => {
  const { crew, processes, tick, start, newest } = createRun(t);
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
  const { processes, steps, tick, start } = createRun(t);
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
  const { crew, processes, returned } = createRun(t, 3);
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
  const { crew, processes, start, tick } = createRun(t);
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
  const { crew, processes, tick } = createRun(t);
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

test('a worker that hangs does not hold a stop up for as long as a drain may take', async (t) => {
  const { crew, processes, start, tick } = createRun(t, 2, 600_000);
  await start();
  const stopped = crew.stop({ hurried: true });
  const [first, second] = processes;
  for (let look = 0; look < 16; look += 1) {
    assert.equal(first?.isKilled, false);
    tick(1000);
    second?.onMessage({ type: 'pong' });
  }
  assert.deepEqual([first?.isKilled, second?.isKilled], [true, false]);
  first?.onExit('SIGKILL');
  second?.onExit(0);
  await stopped;
});

test('a question goes to those that are ready; who does not answer is not waited for', async (t) => {
  const { crew, processes, start, tick } = createRun(t);
  await start();
  const asked = crew.ask(question, null);
  for (const [index, process] of processes.entries()) {
    const ask = process.heard.at(-1);
    assert.ok(ask?.type === 'ask');
    process.onMessage({ type: 'reply', ask: ask.ask, answer: 40 + index });
  }
  assert.deepEqual(await asked, { answers: [40, 41], instances: 2 });
  const again = crew.ask(question, null);
  await settled();
  tick(500);
  assert.deepEqual(await again, { answers: [], instances: 2 });
});

test('a stop: all drain, then the door is closed, then all end', async (t) => {
  const { crew, processes, steps, start } = createRun(t);
  await start();
  const stopped = crew.stop({ hurried: false });
  const [one, two] = processes;
  assert.ok(one !== undefined && two !== undefined);
  one.onMessage({ type: 'drained' });
  await settled();
  assert.ok(!steps.includes('closed'), 'the other still takes connections');
  void crew.stop({ hurried: true });
  assert.deepEqual(one.heard.at(-1), { type: 'stop', hurried: true });
  two.onMessage({ type: 'drained' });
  await settled();
  assert.ok(steps.includes('closed'));
  assert.deepEqual(
    [typesOf(one), typesOf(two)],
    [
      ['start', 'stop', 'stop', 'end'],
      ['start', 'stop', 'stop', 'end'],
    ],
  );
  one.onExit(0);
  two.onExit(0);
  await stopped;
  assert.equal(processes.length, 2, 'nobody is replaced then');
});

test('a stop ends in time: who hangs is killed, and who is between two lives is not started', async (t) => {
  const { crew, processes, start, tick } = createRun(t);
  await start();
  const [hanging, dead] = processes;
  dead?.onExit('SIGSEGV');
  const stopped = crew.stop({ hurried: false });
  tick(9_999);
  assert.equal(hanging?.isKilled, false);
  tick(1);
  assert.equal(hanging?.isKilled, true);
  hanging?.onExit('SIGKILL');
  await stopped;
  tick(60_000);
  assert.equal(processes.length, 2);
});

test('a worker asks its supervisor: it is answered now, later, or that there is no answer', async (t) => {
  const { processes, start, answers, ended } = createRun(t);
  await start();
  const [one] = processes;
  assert.ok(one !== undefined);
  answers.set('1 now', (about) => ({ now: about }));
  answers.set('1 later', (about) => Promise.resolve({ later: about }));
  answers.set('1 fails', () => Promise.reject(new Error('planted')));
  answers.set('2 now', () => 'of another worker');
  for (const [index, name] of ['now', 'later', 'fails', 'unknown'].entries()) {
    one.onMessage({ type: 'ask', ask: index + 1, name, about: name });
    await settled();
  }
  let told: unknown;
  answers.set('1 told', (about) => (told = about));
  one.onMessage({ type: 'ask', ask: noAnswer, name: 'told', about: 'this' });
  await settled();
  assert.deepEqual(
    one.heard.filter(({ type }) => type === 'answer'),
    [{ now: 'now' }, { later: 'later' }, null, null].map((answer, index) => ({
      type: 'answer',
      ask: index + 1,
      answer,
    })),
  );
  assert.equal(told, 'this', 'who waits for no answer gets none');
  one.onExit('SIGKILL');
  assert.deepEqual(ended, [1]);
});

test('a worker is given no more than it takes: what it is told does not wait behind a crowd', async (t) => {
  const { crew, processes, steps, start } = createRun(t);
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
