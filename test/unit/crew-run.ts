import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { createCrew } from '../../src/cluster/crew.ts';
import type { ToWorker, WorkerOrders } from '../../src/cluster/crew-messages.ts';
import type { ForkEvents } from '../../src/cluster/fork-worker.ts';
import { defaultConfig } from '../../src/config/schema.ts';

/** A process that is none: the test says what it does. */
export interface Process extends ForkEvents {
  readonly worker: number;
  readonly heard: ToWorker[];
  readonly sockets: Socket[];
  isKilled: boolean;
  isReached: boolean;
  onTheirWay: number;
  /** Of those that it was given, what is to be done when it did not get them. */
  readonly losses: ((isWhole: boolean) => void)[];
}

/** A crew on clocks and timers that the test owns. */
export function createCrewRun(t: TestContext, workers = 2, stopLimitMs = 10_000) {
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

export const typesOf = ({ heard }: Process): string[] => heard.map(({ type }) => type);
