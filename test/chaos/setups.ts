import type { Rules } from './rules.ts';

/** One way to run Tidings, and what it promises. */
export interface Setup {
  readonly name: SetupName;
  readonly instances: number;
  /** The processes of each instance that serve clients; 1: it is one process, which does all. */
  readonly workers: number;
  readonly hasRedis: boolean;
  /** Flags of `serve`; `redis` is its `host:port`, `dir` a folder that outlives each process. */
  flags(places: { readonly redis: string; readonly dir: string }): readonly string[];
  readonly rules: Rules;
}

export const setupNames = ['redis', 'bullmq', 'disk', 'list', 'workers', 'workers-list'] as const;
export type SetupName = (typeof setupNames)[number];

// /send answers within --queue-deadline (2 s); the rest is a busy machine's.
const usual: Rules = {
  isDurable: true,
  isOrdered: true,
  recoveryMs: 5_000,
  quietMs: 1_500,
  lateToleranceMs: 500,
  answerMs: 5_000,
};

export const setups: Readonly<Record<SetupName, Setup>> = {
  redis: {
    name: 'redis',
    instances: 3,
    workers: 1,
    hasRedis: true,
    flags: ({ redis }) => [`--queue=redis/${redis}`],
    rules: usual,
  },
  bullmq: {
    name: 'bullmq',
    instances: 2,
    workers: 1,
    hasRedis: true,
    flags: ({ redis }) => [`--queue=bullmq/${redis}`],
    // A job that a killed worker held comes back within 10 s; 202 is said before the number is given.
    rules: { ...usual, isOrdered: false, recoveryMs: 12_000 },
  },
  disk: {
    name: 'disk',
    instances: 1,
    workers: 1,
    hasRedis: false,
    flags: ({ dir }) => [`--data-dir=${dir}`],
    rules: usual,
  },
  list: {
    name: 'list',
    instances: 1,
    workers: 1,
    hasRedis: false,
    flags: () => [],
    rules: { ...usual, isDurable: false },
  },
  workers: {
    name: 'workers',
    instances: 1,
    workers: 2,
    hasRedis: false,
    flags: ({ dir }) => ['--workers=2', `--data-dir=${dir}`],
    rules: usual,
  },
  'workers-list': {
    name: 'workers-list',
    instances: 1,
    workers: 2,
    hasRedis: false,
    flags: () => ['--workers=2'],
    rules: { ...usual, isDurable: false },
  },
};
