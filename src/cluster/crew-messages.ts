import type { Config } from '../config/schema.ts';

/** What a worker needs to know of the whole. */
export interface WorkerOrders {
  /** From 1 on; a worker that replaces another has its number. */
  readonly worker: number;
  /** The settings in force when the supervisor started, with the worker's share of what is counted in total. */
  readonly config: Config;
  /** It has the supervisor's journal, over a link; else one of its own. */
  readonly isLinked: boolean;
}

/** What a supervisor says to its workers. Both are the same version. */
export type ToWorker =
  | { readonly type: 'start'; readonly orders: WorkerOrders }
  | { readonly type: 'stop'; readonly hurried: boolean }
  | { readonly type: 'ask'; readonly ask: number; readonly name: string; readonly about: unknown };

/** What a worker says to its supervisor. */
export type FromWorker =
  /** It runs, and waits for its orders. */
  | { readonly type: 'hello' }
  | { readonly type: 'listening'; readonly url: string; readonly port: number }
  /** It cannot listen, and ends. */
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'reply'; readonly ask: number; readonly answer: unknown };

/** Where a link is among what a worker inherits, after its input, its two outputs and the channel of these messages. */
export const linkFd = 4;

/** The only argument of a worker's command line. */
export const workerCommand = 'worker';
