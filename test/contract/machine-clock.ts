import type { Clock } from '../../src/message/clock.ts';

/** The clock of this machine, as it is; or another one, in Unix milliseconds. */
export function clockOf(now: () => number): Clock {
  return { now, isExpired: (expiresAtMs) => expiresAtMs !== 0 && expiresAtMs <= now() };
}

export const machineClock: Clock = clockOf(Date.now);
