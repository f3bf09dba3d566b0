import type { Log } from '../ops/log.ts';
import { Asked } from './asked.ts';
import type { FromWorker, WorkerOrders } from './crew-messages.ts';
import type { Fork, Forked } from './fork-worker.ts';
import { readAnswers } from './handlers.ts';
import type { Question, Replies } from './peers.ts';

export interface CrewDeps {
  readonly fork: Fork;
  readonly orders: (worker: number) => WorkerOrders;
  /** A worker has been started. */
  readonly onForked: (worker: number, forked: Forked) => void;
  readonly log: Log;
  readonly monotonicMs: () => number;
}

export interface CrewOptions {
  readonly workers: number;
  /** How long workers have to end when they are asked to. */
  readonly stopLimitMs: number;
}

/** Where the workers listen. */
export interface CrewListening {
  readonly url: string;
  readonly port: number;
}

/** What is known of a worker from here. */
export interface WorkerState {
  readonly worker: number;
  readonly pid: number | null;
  readonly isListening: boolean;
  /** How often it was replaced. */
  readonly restarts: number;
}

/** A worker that could not begin to listen when all of them started. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
}

/** A worker that lived for less is not replaced at once: what ended it may end the next one as well. */
const youngMs = 10_000;
const firstPauseMs = 1000;
const longestPauseMs = 30_000;

/** The longest that a question waits for a worker. */
const askWaitMs = 500;

interface Place {
  readonly worker: number;
  forked: Forked | undefined;
  sinceMs: number;
  isListening: boolean;
  restarts: number;
  /** How many of its processes have died young, one after the other. */
  youngDeaths: number;
  pause: NodeJS.Timeout | undefined;
}

/** The workers of a supervisor: starts them, replaces those that die, asks them and ends them. */
export function createCrew(deps: CrewDeps, { workers, stopLimitMs }: CrewOptions) {
  const { fork, orders, onForked, log, monotonicMs } = deps;
  const asked = new Asked(askWaitMs);
  const places = Array.from({ length: workers }, (_, index): Place => ({
    worker: index + 1,
    forked: undefined,
    sinceMs: 0,
    isListening: false,
    restarts: 0,
    youngDeaths: 0,
    pause: undefined,
  }));
  let isStopping = false;
  let isStarted = false;
  let onListening: (at: CrewListening) => void = () => {};
  let onFailed: (reason: string) => void = () => {};
  let onGone: () => void = () => {};

  function begin(place: Place): void {
    const { worker } = place;
    place.pause = undefined;
    place.sinceMs = monotonicMs();
    const forked = fork({
      onMessage: (message) => heard(place, forked, message),
      onExit: (how) => ended(place, how),
    });
    place.forked = forked;
    onForked(worker, forked);
  }

  function heard(place: Place, forked: Forked, message: FromWorker): void {
    switch (message.type) {
      case 'hello':
        if (isStopping) forked.send({ type: 'stop', hurried: true });
        else forked.send({ type: 'start', orders: orders(place.worker) });
        return;
      case 'listening':
        place.isListening = true;
        log.info({ event: 'worker.listening', worker: place.worker, pid: forked.pid });
        return onListening(message);
      case 'failed':
        log.error({ event: 'worker.failed', worker: place.worker, reason: message.reason });
        return onFailed(message.reason);
      case 'reply':
        asked.replied(message.ask, String(place.worker), message.answer);
    }
  }

  function ended(place: Place, how: number | string): void {
    const { worker, forked } = place;
    place.forked = undefined;
    place.isListening = false;
    if (isStopping) {
      if (places.every((other) => other.forked === undefined)) onGone();
      return;
    }
    const isYoung = monotonicMs() - place.sinceMs < youngMs;
    place.youngDeaths = isYoung ? place.youngDeaths + 1 : 0;
    const inMs = isYoung ? Math.min(longestPauseMs, firstPauseMs * 2 ** (place.youngDeaths - 1)) : 0;
    log.error({ event: 'worker.died', worker, pid: forked?.pid, how, replacedInMs: inMs });
    if (!isStarted) return onFailed(`a worker has ended with ${how}`);
    place.restarts += 1;
    place.pause = setTimeout(() => begin(place), inMs);
  }

  return {
    /** Resolves when all of them listen. Rejects with a WorkerError when one of them cannot; `stop` is to be called then. */
    start(): Promise<CrewListening> {
      return new Promise((resolve, reject) => {
        onListening = (at) => {
          if (isStarted || places.some(({ isListening }) => !isListening)) return;
          isStarted = true;
          resolve(at);
        };
        onFailed = (reason) => reject(new WorkerError(reason));
        for (const place of places) begin(place);
      });
    },

    /** Asks every worker that listens and waits for the answers, though not for long. */
    async ask<About, Answer>(question: Question<About, Answer>, about: About): Promise<Replies<Answer>> {
      const { name } = question;
      let instances = 0;
      const answers = await asked.ask((ask) => {
        for (const { forked, isListening } of places) {
          if (forked === undefined || !isListening) continue;
          forked.send({ type: 'ask', ask, name, about });
          instances += 1;
        }
        return Promise.resolve(instances);
      });
      return { answers: readAnswers(question, answers.values()), instances };
    },

    states: (): WorkerState[] =>
      places.map(({ worker, forked, isListening, restarts }) => ({
        worker,
        pid: forked?.pid ?? null,
        isListening,
        restarts,
      })),

    /** Ends a worker at once; it is replaced. */
    kill: (worker: number): void => places[worker - 1]?.forked?.kill(),

    /**
     * Has all of them hand over their connections and end; who does not end in time is killed. Resolves when all are gone. Called again it
     * only hurries them.
     */
    stop({ hurried }: { readonly hurried: boolean }): Promise<void> {
      isStopping = true;
      const gone = new Promise<void>((resolve) => {
        const goneBefore = onGone;
        onGone = () => {
          goneBefore();
          resolve();
        };
      });
      for (const { pause, forked } of places) {
        clearTimeout(pause);
        forked?.send({ type: 'stop', hurried });
      }
      if (places.every(({ forked }) => forked === undefined)) onGone();
      const limit = setTimeout(() => {
        for (const { worker, forked } of places) {
          if (forked === undefined) continue;
          log.error({ event: 'worker.killed', worker, pid: forked.pid, afterMs: stopLimitMs });
          forked.kill();
        }
      }, stopLimitMs);
      return gone.finally(() => clearTimeout(limit));
    },
  };
}

export type Crew = ReturnType<typeof createCrew>;
