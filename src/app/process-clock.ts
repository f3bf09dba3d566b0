import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { KnownTime } from '../cluster/crew-messages.ts';
import { createClock, toleranceMs, type Clock, type ClockStep } from '../message/clock.ts';
import type { Log } from '../ops/log.ts';

export interface ProcessClockDeps {
  readonly log: Log;
  /** The newest mid of the journal. */
  readonly newestMid: () => number;
  /** Of the process that has started this one. Default: the machine's clock is right by now. */
  readonly known?: KnownTime | undefined;
}

/** The times of one process. */
export interface ProcessClock {
  /** Unix milliseconds that never jump: by them it is numbered and aged. */
  readonly now: () => number;
  /** Milliseconds since whenever, that never jump: by them intervals are measured. */
  readonly monotonicMs: () => number;
  /** By it expiry is judged. */
  readonly clock: Clock;
  /** For a process that is started. */
  tell(): KnownTime;
}

export function createProcessClock({ log, newestMid, known }: ProcessClockDeps): ProcessClock {
  const monotonicMs = (): number => performance.now();
  const machineMs = performance.timeOrigin + monotonicMs();
  const startMs = known === undefined ? undefined : startOf(known, machineMs);
  const startedMs = startMs === undefined ? performance.timeOrigin : startMs - monotonicMs();
  const clock = createClock({
    wallMs: Date.now,
    monotonicMs,
    uptimeSeconds: uptime,
    newestMid,
    ...(startMs === undefined ? {} : { startMs }),
    onStep: (step) => log.warn({ event: 'clock.step', ...step }, describeStep(step)),
  });
  return {
    now: () => startedMs + performance.now(),
    monotonicMs,
    clock,
    tell: () => ({ unixMs: clock.now(), uptimeSeconds: uptimeOrNothing() }),
  };
}

/** The difference of two uptimes is wrong by less, in milliseconds. */
const uptimeStepMs = 10;

/**
 * What the time is, where the machine's clock is not to be believed; else undefined: an uptime is told in hundredths of a second, and processes of one
 * instance that are so far apart would not agree on who came first.
 */
function startOf({ unixMs, uptimeSeconds }: KnownTime, machineMs: number): number | undefined {
  // Rather ahead than behind: nothing is to be delivered late.
  const startMs = unixMs + 1000 * (uptimeOrNothing() - uptimeSeconds) + uptimeStepMs;
  return Math.abs(startMs - machineMs) > toleranceMs ? startMs : undefined;
}

/** Where it cannot be had, no time passes between two processes. */
function uptimeOrNothing(): number {
  try {
    return uptime();
  } catch {
    return 0;
  }
}

function describeStep({ byMs, adopted }: ClockStep): string {
  const step = `the clock of this machine has jumped by ${byMs} ms`;
  return adopted ? `${step} and stayed there: timeouts are judged by it now` : `${step}: not believed yet`;
}
