import type { Setup } from './setups.ts';

/** What can be done to a deployment. */
export const faultKinds = [
  'pause-redis',
  'kill-redis',
  'cut-subscriber',
  'cut-connections',
  'kill-all',
  'kill-instance',
  'pause-instance',
  'stop-instance',
  'drain-instance',
  'kill-worker',
  'kill-workers',
  'pause-worker',
  'slow-readers',
  'reconnect-storm',
  'stay-away',
  'clock-jump',
] as const;
export type FaultKind = (typeof faultKinds)[number];

const needRedis: readonly FaultKind[] = ['pause-redis', 'kill-redis', 'cut-subscriber', 'cut-connections'];

/** What needs somebody to hand over to. */
const needOthers: readonly FaultKind[] = ['kill-all', 'drain-instance'];

/** What needs a process that serves beside others of its instance. */
const needWorkers: readonly FaultKind[] = ['kill-worker', 'kill-workers', 'pause-worker'];

export interface Scenario {
  /** Scenario -> invariant: what holds whatever the seed. */
  readonly invariant: string;
  readonly faults: readonly FaultKind[];
  /** Share of the requests with an id of their own that go out more than once, at the same time. */
  readonly copiedShare: number;
}

const usual = { copiedShare: 0.05 };

export const scenarios = {
  'kill-instance': {
    invariant: 'kill -9 of instances, one or all, loses nothing accepted and repeats nothing',
    faults: ['kill-instance', 'kill-all', 'stay-away'],
    ...usual,
  },
  'stop-instance': {
    invariant: 'an orderly restart loses nothing accepted and repeats nothing',
    faults: ['stop-instance'],
    ...usual,
  },
  'drain-instance': {
    invariant: 'an instance that hands its clients over under load loses nothing accepted and repeats nothing',
    faults: ['drain-instance'],
    ...usual,
  },
  'pause-instance': {
    invariant: 'an instance that stood still delivers nothing stale, and misses nothing',
    faults: ['pause-instance'],
    ...usual,
  },
  'kill-worker': {
    invariant:
      'a worker that is killed or stands still costs its clients their connection at most: who comes back finds all, once',
    faults: ['kill-worker', 'kill-workers', 'pause-worker', 'stay-away'],
    ...usual,
  },
  'pause-redis': {
    invariant:
      'while Redis hangs /send answers in time and sockets stay; what was accepted arrives, the rest at most once',
    faults: ['pause-redis'],
    ...usual,
  },
  'kill-redis': {
    invariant: 'Redis is killed and restarted from its append-only file: nothing accepted is lost',
    faults: ['kill-redis'],
    ...usual,
  },
  'cut-subscriber': {
    invariant: 'an instance that lost its announcements reads the hole before it goes on: order, no hole, no repeat',
    faults: ['cut-subscriber', 'cut-connections'],
    ...usual,
  },
  'duplicate-posts': {
    invariant: 'the same id, at once and again, on any instance, is one message; with another body it is refused',
    faults: ['kill-instance', 'reconnect-storm'],
    copiedShare: 0.5,
  },
  'slow-readers': {
    invariant: 'a client that does not read gets all of it, in order, once it reads',
    faults: ['slow-readers'],
    ...usual,
  },
  'reconnect-storm': {
    invariant: 'everybody reconnects at once: no hole and no repeat at the seam, messages arriving meanwhile',
    faults: ['reconnect-storm', 'stay-away'],
    ...usual,
  },
  'clock-jump': {
    invariant: 'a server clock that jumps and returns drops nothing valid and delivers nothing expired',
    faults: ['clock-jump'],
    ...usual,
  },
  mix: {
    invariant: 'all of these, in random order and on top of each other',
    faults: faultKinds,
    ...usual,
  },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof scenarios;
export const scenarioNames = Object.keys(scenarios) as ScenarioName[];

/** The faults of a scenario that a set-up can have; none: the scenario says nothing about it. */
export function faultsFor(scenario: Scenario, setup: Setup): readonly FaultKind[] {
  return scenario.faults.filter((kind) => {
    if (needRedis.includes(kind)) return setup.hasRedis;
    if (needWorkers.includes(kind)) return setup.workers > 1;
    return !needOthers.includes(kind) || setup.instances > 1;
  });
}
