/** Sizes in bytes and times in milliseconds, to write limits with. */
export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;
export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Node's timers hold at most 2^31-1 ms, which is 24 days and 20 hours. */
export const LONGEST_TIMER_MS = 24 * DAY_MS;
