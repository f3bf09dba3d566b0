import type { Socket } from 'node:net';
import type { Log } from '../ops/log.ts';
import { Asked } from './asked.ts';
import type { FromWorker, ToWorker, WorkerOrders } from './crew-messages.ts';
import type { Fork, Forked } from './fork-worker.ts';
import { readAnswers } from './handlers.ts';
import { Lives } from './lives.ts';
import type { Question, Replies } from './peers.ts';
import { noAnswer } from './supervisor-line.ts';
import { WorkerError } from './worker-error.ts';

export interface CrewDeps {
  readonly fork: Fork;
  readonly orders: (worker: number) => WorkerOrders;
  /** A worker has been started. */
  readonly onForked: (worker: number, forked: Forked) => void;
  /** Answers what a worker asks, now or by a promise. */
  readonly onAsk: (worker: number, name: string, about: unknown) => unknown;
  /** A worker has ended: what it had is nobody's. */
  readonly onEnded: (worker: number) => void;
  /** A worker has begun to take connections. */
  readonly onReady: () => void;
  /** Each of them has died young, again, so that none starts for a while: until `onReady` nobody takes connections. */
  readonly onDeserted: () => void;
  /** A worker has taken a connection, and has room for the next. */
  readonly onTaken: () => void;
  /** A connection that was handed to a worker which has ended before it had it. */
  readonly onReturned: (socket: Socket) => void;
  /** Closes the door for good: after it no connection comes. */
  readonly closeDoor: () => Promise<void>;
  readonly log: Log;
  readonly monotonicMs: () => number;
}

export interface CrewOptions {
  readonly workers: number;
  /** How long workers have to end when they are asked to. */
  readonly stopLimitMs: number;
}

/** What is known of a worker from here. */
export interface WorkerState {
  readonly worker: number;
  readonly pid: number | null;
  readonly isReady: boolean;
  /** How often it was replaced. */
  readonly restarts: number;
}

/** How often each worker has to show that it does something. */
const lookEveryMs = 1000;

/** One that has not done so at as many looks is given no connections while another has; at so many it is ended. */
const lateLooks = 3;
const stuckLooks = 15;

/** The same for one that is not ready yet: it loads its program, on a machine that may have much else to do. */
const stuckStartLooks = 60;

/** The most connections on their way to a worker: Node sends one at a time, and stops, pings and questions wait behind them. */
const maxOnTheirWay = 16;

/** The longest that a question waits for a worker. */
const askWaitMs = 500;

type Asking = Extract<FromWorker, { type: 'ask' }>;

interface Place {
  readonly worker: number;
  forked: Forked | undefined;
  isReady: boolean;
  hasDrained: boolean;
  restarts: number;
  /** Looks since it was last heard. */
  silentLooks: number;
  readonly lives: Lives;
  pause: NodeJS.Timeout | undefined;
}

/** The workers of a supervisor: starts them, replaces those that die, asks them and ends them. */
export function createCrew(deps: CrewDeps, { workers, stopLimitMs }: CrewOptions) {
  const { fork, orders, onForked, onAsk, onEnded, onReady, onTaken, onReturned, closeDoor, log, monotonicMs } = deps;
  const asked = new Asked(askWaitMs);
  const places = Array.from({ length: workers }, (_, index): Place => ({
    worker: index + 1,
    forked: undefined,
    isReady: false,
    hasDrained: false,
    restarts: 0,
    silentLooks: 0,
    lives: new Lives(monotonicMs),
    pause: undefined,
  }));
  let isStopping = false;
  let isStarted = false;
  let next = 0;
  let onAllReady = (): void => {};
  let onFailed: (reason: string) => void = () => {};
  let onDrained = (): void => {};
  let onGone = (): void => {};
  let gone: Promise<void> | undefined;
  let looking: NodeJS.Timeout | undefined;

  function begin(place: Place): void {
    const { worker } = place;
    place.pause = undefined;
    place.lives.begun();
    place.silentLooks = 0;
    const forked = fork({
      onMessage: (message) => heard(place, forked, message),
      onExit: (how) => ended(place, how),
    });
    place.forked = forked;
    onForked(worker, forked);
  }

  function heard(place: Place, forked: Forked, message: FromWorker): void {
    place.silentLooks = 0;
    switch (message.type) {
      case 'hello':
        if (isStopping) forked.send({ type: 'stop', hurried: true });
        else forked.send({ type: 'start', orders: orders(place.worker) });
        return;
      case 'ready':
        place.isReady = true;
        log.info({ event: 'worker.ready', worker: place.worker, pid: forked.pid });
        if (places.every(({ isReady }) => isReady)) onAllReady();
        return onReady();
      case 'drained':
        place.hasDrained = true;
        return noteStop();
      case 'reply':
        return asked.replied(message.ask, String(place.worker), message.answer);
      case 'ask':
        void answer(place, forked, message);
        return;
      case 'taken':
        return onTaken();
      case 'pong': // That it says something is all that it says.
        return;
    }
  }

  async function answer({ worker }: Place, forked: Forked, { ask, name, about }: Asking): Promise<void> {
    let given: unknown = null;
    try {
      const now = onAsk(worker, name, about);
      given = (now instanceof Promise ? await now : now) ?? null;
    } catch (error) {
      log.error({ event: 'worker.unanswered', worker, name, err: error });
    }
    if (ask !== noAnswer) forked.send({ type: 'answer', ask, answer: given });
  }

  /** It is looks that are counted and not time: when this process was held up, so that it heard nobody, they were few. */
  function look(): void {
    for (const place of places) {
      const { worker, forked, isReady, silentLooks } = place;
      if (forked === undefined) continue;
      if (silentLooks === (isReady ? stuckLooks : stuckStartLooks)) {
        log.error({ event: 'worker.stuck', worker, pid: forked.pid, forMs: silentLooks * lookEveryMs });
        forked.kill();
      }
      place.silentLooks += 1;
      forked.send({ type: 'ping' });
    }
  }

  /** The next one that takes connections; one that is late only if all are. */
  function nextReady(): Forked | undefined {
    let late: Forked | undefined;
    for (let tries = 0; tries < workers; tries += 1) {
      const place = places[next];
      next = (next + 1) % workers;
      if (place?.forked?.isReached !== true || !place.isReady || place.forked.onTheirWay >= maxOnTheirWay) continue;
      if (place.silentLooks <= lateLooks) return place.forked;
      late ??= place.forked;
    }
    return late;
  }

  function ended(place: Place, how: number | string): void {
    const { worker, forked } = place;
    place.forked = undefined;
    place.isReady = false;
    onEnded(worker);
    if (isStopping) {
      if (how !== 0) log.error({ event: 'worker.died', worker, pid: forked?.pid, how });
      return noteStop();
    }
    const inMs = place.lives.died();
    log.error({ event: 'worker.died', worker, pid: forked?.pid, how, replacedInMs: inMs });
    if (!isStarted) return onFailed(`worker ${worker} has ended with ${how} before it was ready`);
    place.restarts += 1;
    place.pause = setTimeout(() => begin(place), inMs);
    if (places.every((each) => each.forked === undefined && each.lives.isHopeless)) deps.onDeserted();
  }

  function noteStop(): void {
    if (places.every(({ forked, hasDrained }) => forked === undefined || hasDrained)) onDrained();
    if (places.every(({ forked }) => forked === undefined)) onGone();
  }

  /** None of them ends before the door is closed, which is when none of them has a client left. */
  async function end(): Promise<void> {
    const allGone = new Promise<void>((resolve) => (onGone = resolve));
    const drained = new Promise<void>((resolve) => (onDrained = resolve));
    const limit = setTimeout(() => {
      for (const { worker, forked } of places) {
        if (forked === undefined) continue;
        log.error({ event: 'worker.killed', worker, pid: forked.pid, afterMs: stopLimitMs });
        forked.kill();
      }
    }, stopLimitMs);
    noteStop();
    await drained;
    await closeDoor();
    for (const { forked } of places) forked?.send({ type: 'end' });
    await allGone;
    clearTimeout(limit);
    clearInterval(looking);
  }

  return {
    /** Resolves when all of them are ready. Rejects with a WorkerError when one of them ends before; `stop` is to be called then. */
    start(): Promise<void> {
      return new Promise((resolve, reject) => {
        onAllReady = () => {
          isStarted = true;
          resolve();
        };
        onFailed = (reason) => reject(new WorkerError(reason));
        for (const place of places) begin(place);
        looking = setInterval(look, lookEveryMs).unref();
      });
    },

    /** Gives a connection to the next of those that are ready. False: none is. */
    hand(socket: Socket): boolean {
      const forked = nextReady();
      forked?.give(socket, (isWhole) => {
        if (isWhole) onReturned(socket);
        else socket.destroy();
      });
      return forked !== undefined;
    },

    /** Asks every worker that is ready and waits for the answers, though not for long. */
    async ask<About, Answer>(question: Question<About, Answer>, about: About): Promise<Replies<Answer>> {
      const { name } = question;
      let instances = 0;
      const answers = await asked.ask((ask) => {
        for (const { forked, isReady } of places) {
          if (forked === undefined || !isReady) continue;
          forked.send({ type: 'ask', ask, name, about });
          instances += 1;
        }
        return Promise.resolve(instances);
      });
      return { answers: readAnswers(question, answers.values()), instances };
    },

    /** Says this to every worker. One that has no orders yet does not heed it: its orders will be those that hold by then. */
    tell(message: ToWorker): void {
      for (const { forked } of places) forked?.send(message);
    },

    states: (): WorkerState[] =>
      places.map(({ worker, forked, isReady, restarts }) => ({
        worker,
        pid: forked?.pid ?? null,
        isReady,
        restarts,
      })),

    /** Ends a worker at once; it is replaced. */
    kill: (worker: number): void => places[worker - 1]?.forked?.kill(),

    /**
     * Has all of them hand over their connections, then closes the door, then has them end; who does not end in time is killed. Resolves
     * when all are gone. Called again it is the same stop. `hurried`: what is left is handed over at once.
     */
    stop({ hurried }: { readonly hurried: boolean }): Promise<void> {
      isStopping = true;
      for (const { pause, forked } of places) {
        clearTimeout(pause);
        forked?.send({ type: 'stop', hurried });
      }
      return (gone ??= end());
    },
  };
}

export type Crew = ReturnType<typeof createCrew>;
