import type { Config } from '../config/schema.ts';

/** A certificate and its private key, as the supervisor has read them: so all workers have the same. */
export interface PemPair {
  readonly cert: string;
  readonly key: string;
}

/** What the time is, for another process of this machine. */
export interface KnownTime {
  /** Unix milliseconds, */
  readonly unixMs: number;
  /** when the machine had been up for so long. */
  readonly uptimeSeconds: number;
}

/** What a worker needs to know of the whole. */
export interface WorkerOrders {
  /** From 1 on; a worker that replaces another has its number. */
  readonly worker: number;
  /** How many there are. */
  readonly workers: number;
  /** The settings in force when the supervisor started, with the worker's share of what is counted in total. */
  readonly config: Config;
  /** It has the supervisor's journal, over a link; else one of its own. */
  readonly isLinked: boolean;
  /** The supervisor's name, which all of them have at the public door. */
  readonly instance: string;
  /** So that a worker which starts while the machine's clock is wrong does not take it for right. */
  readonly time: KnownTime;
  /** What it is to present at that door; undefined: it speaks no TLS. */
  readonly tls: PemPair | undefined;
}

/** What a supervisor says to its workers. Both are the same version. */
export type ToWorker =
  | { readonly type: 'start'; readonly orders: WorkerOrders }
  /** With a socket: this is the worker's from now on. Its number is the next one after that of the last. */
  | { readonly type: 'connection'; readonly number: number }
  /** It is to say that it still does something. */
  | { readonly type: 'ping' }
  /** It is to hand its connections over, and still to take requests. */
  | { readonly type: 'stop'; readonly hurried: boolean }
  /** No connection comes any more: it is to finish, and end. */
  | { readonly type: 'end' }
  /** The operator wants what can be read anew to be so. */
  | { readonly type: 'reload'; readonly tls: PemPair | undefined }
  | { readonly type: 'ask'; readonly ask: number; readonly name: string; readonly about: unknown }
  /** To what the worker has asked; null: there is none. */
  | { readonly type: 'answer'; readonly ask: number; readonly answer: unknown };

/** What a worker says to its supervisor. */
export type FromWorker =
  /** It runs, and waits for its orders. */
  | { readonly type: 'hello' }
  /** It takes connections. */
  | { readonly type: 'ready' }
  /** It has this connection. */
  | { readonly type: 'taken'; readonly number: number }
  | { readonly type: 'pong' }
  /** It has handed its connections over. */
  | { readonly type: 'drained' }
  | { readonly type: 'reply'; readonly ask: number; readonly answer: unknown }
  /** 0 in the place of the number: it is told, and waits for no answer. */
  | { readonly type: 'ask'; readonly ask: number; readonly name: string; readonly about: unknown };

/** Where a worker writes and reads its link: among what it inherits, after its input, its two outputs and the channel of these messages. */
export const linkFds = { written: 4, read: 5 } as const;

/** The only argument of a worker's command line. */
export const workerCommand = 'worker';
