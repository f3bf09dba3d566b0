import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import { createClock, type Clock, type ClockStep } from '../message/clock.ts';
import type { Log } from '../ops/log.ts';

export interface ProcessClockDeps {
  readonly log: Log;
  /** The newest mid of the journal. */
  readonly newestMid: () => number;
}

/** The times of one process. */
export interface ProcessClock {
  /** Unix milliseconds that never jump: by them it is numbered and aged. */
  readonly now: () => number;
  /** Milliseconds since whenever, that never jump: by them intervals are measured. */
  readonly monotonicMs: () => number;
  /** By it expiry is judged. */
  readonly clock: Clock;
}

export function createProcessClock({ log, newestMid }: ProcessClockDeps): ProcessClock {
  const startedMs = performance.timeOrigin;
  const monotonicMs = (): number => performance.now();
  const clock = createClock({
    wallMs: Date.now,
    monotonicMs,
    uptimeSeconds: uptime,
    newestMid,
    onStep: (step) => log.warn({ event: 'clock.step', ...step }, describeStep(step)),
  });
  return { now: () => startedMs + performance.now(), monotonicMs, clock };
}

function describeStep({ byMs, adopted }: ClockStep): string {
  const step = `the clock of this machine has jumped by ${byMs} ms`;
  return adopted ? `${step} and stayed there: timeouts are judged by it now` : `${step}: not believed yet`;
}
