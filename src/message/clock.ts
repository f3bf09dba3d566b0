/** How far the clock of the machine may stand from ours and still be followed at once, in milliseconds. */
export const toleranceMs = 1000;

/** How long a step of the machine's clock must last before it is believed, in milliseconds. */
export const settleMs = 60_000;

/** The most steps back that are remembered; past it the oldest is forgotten. Each takes `settleMs` or longer to come about. */
const maxFloors = 64;

/**
 * The clock by which expiry is judged, on every hop, and nothing else is. It is the machine's clock without its jumps: a
 * difference from monotonic time that is more than a slew goes unheeded until it has lasted `settleMs`, unless the machine slept
 * meanwhile, which is real time. So a jump forward and back drops nothing, and a lasting correction is believed after a minute;
 * for that minute the timeouts of messages are still judged by the time as it was.
 *
 * What has to be ordered or aged (mids, the age of what a journal keeps) goes by monotonic time instead, which never
 * steps; intervals (pings, deadlines) by `performance.now`.
 */
export interface Clock {
  /** Unix milliseconds. Goes back only when a step back of the machine's clock is adopted. Costs two reads of a clock. */
  now(): number;
  /**
   * True: must not be delivered (again). An `expiresAtMs` of 0 never expires. With the `mid` of a message that is in the
   * journal, one that was dead before a step back was adopted stays dead; what is appended later goes by the new time. That
   * memory ends with the process.
   */
  isExpired(expiresAtMs: number, mid?: number): boolean;
}

/** A jump of the machine's clock, in milliseconds, forward or back (negative). */
export interface ClockStep {
  readonly byMs: number;
  /** False: seen, and not heeded. True: has lasted, and is followed now. One that goes away is not told of again. */
  readonly adopted: boolean;
}

export interface ClockDeps {
  /** The clock that may jump, in Unix milliseconds: `Date.now`. */
  readonly wallMs: () => number;
  /** The clock that never does, from any start: `performance.now`. It may stand still while the machine sleeps. */
  readonly monotonicMs: () => number;
  /** The time as somebody knows it who was there before the machine's clock may have jumped. Default: what the machine's clock says. */
  readonly startMs?: number;
  /** From any start, sleep included: `os.uptime`. Without it, or when it throws, a sleep is a step like any other. */
  readonly uptimeSeconds?: () => number;
  /** The newest mid of the journal. */
  readonly newestMid: () => number;
  /** Called from within `now` or `isExpired`, when a step is first seen and when it is adopted. */
  readonly onStep?: (step: ClockStep) => void;
}

/**
 * A clock that starts with the machine's time, unless it is told another. It looks at the machine's clock only when it is asked, so whoever owns it asks at
 * least every few seconds: a step that nobody saw begin begins to settle when it is seen.
 */
export function createClock(deps: ClockDeps): Clock {
  return new GuardedClock(deps);
}

/** Once it was `deadThroughMs` when `throughMid` was the newest. */
interface Floor {
  readonly throughMid: number;
  readonly deadThroughMs: number;
}

// A class, because V8 writes a number into a field in place, and into a variable of a closure as a new object.
class GuardedClock implements Clock {
  readonly #deps: ClockDeps;
  readonly #wallMs: () => number;
  readonly #monotonicMs: () => number;
  /** Our time is this and the monotonic time. */
  #baseMs: number;
  /** The latest time given: a slew or a small step back stops the clock and does not turn it. */
  #latestMs: number;
  /** What uptime and monotonic time were apart when last looked at: grows by the time slept. */
  #sleepMs: number | undefined;
  /** How far the machine's clock was ahead of ours when last looked at; 0 while it is followed. */
  #aheadMs = 0;
  /** The step that is not adopted yet: the least that it has been by since then. */
  #step: { byMs: number; readonly sinceMs: number } | undefined;
  /** By rising mid, and falling time. */
  #floors: readonly Floor[] = [];

  constructor(deps: ClockDeps) {
    this.#deps = deps;
    this.#wallMs = deps.wallMs;
    this.#monotonicMs = deps.monotonicMs;
    const monotonicMs = deps.monotonicMs();
    this.#latestMs = deps.startMs ?? deps.wallMs();
    this.#baseMs = this.#latestMs - monotonicMs;
    this.#sleepMs = this.#readSleepMs(monotonicMs);
  }

  now(): number {
    const wallMs = this.#wallMs();
    const baseMs = wallMs - this.#monotonicMs();
    const aheadMs = baseMs - this.#baseMs;
    let nowMs = wallMs;
    if (this.#step === undefined && aheadMs <= toleranceMs && aheadMs >= -toleranceMs) this.#baseMs = baseMs;
    else nowMs = this.#judge();
    if (nowMs > this.#latestMs) this.#latestMs = nowMs;
    return this.#latestMs;
  }

  isExpired(expiresAtMs: number, mid?: number): boolean {
    if (expiresAtMs === 0) return false;
    if (expiresAtMs <= this.now()) return true;
    if (this.#floors.length === 0 || mid === undefined) return false;
    return this.#floors.some(({ throughMid, deadThroughMs }) => mid <= throughMid && expiresAtMs <= deadThroughMs);
  }

  /** The way past a difference: reads both clocks anew, because the process may have been stopped between the two readings. */
  #judge(): number {
    const monotonicMs = this.#monotonicMs();
    let aheadMs = this.#wallMs() - monotonicMs - this.#baseMs;
    const changeMs = aheadMs - this.#aheadMs;
    if (changeMs > toleranceMs) {
      const sleptMs = Math.min(this.#sleptMs(monotonicMs), changeMs);
      this.#baseMs += sleptMs;
      aheadMs -= sleptMs;
    }
    if (this.#step !== undefined && Math.sign(aheadMs) === Math.sign(this.#step.byMs)) {
      // What a step was by all the time has lasted, whatever else came and went on top of it.
      if (Math.abs(aheadMs) < Math.abs(this.#step.byMs)) this.#step.byMs = aheadMs;
      if (Math.abs(aheadMs) > toleranceMs && monotonicMs - this.#step.sinceMs >= settleMs) {
        aheadMs -= this.#step.byMs;
        this.#adopt(this.#step.byMs, monotonicMs);
      }
    }
    if (Math.abs(aheadMs) <= toleranceMs) {
      this.#step = undefined;
      this.#baseMs += aheadMs;
      aheadMs = 0;
    } else if (this.#step === undefined || Math.sign(aheadMs) !== Math.sign(this.#step.byMs)) {
      this.#step = { byMs: aheadMs, sinceMs: monotonicMs };
      this.#deps.onStep?.({ byMs: Math.round(aheadMs), adopted: false });
    }
    this.#aheadMs = aheadMs;
    return this.#baseMs + monotonicMs;
  }

  #adopt(byMs: number, monotonicMs: number): void {
    const beforeMs = Math.max(this.#latestMs, this.#baseMs + monotonicMs);
    this.#step = undefined;
    this.#baseMs += byMs;
    if (byMs < 0) {
      this.#latestMs = this.#baseMs + monotonicMs;
      const others = this.#floors.filter(({ deadThroughMs }) => deadThroughMs > beforeMs).slice(1 - maxFloors);
      this.#floors = [...others, { throughMid: this.#deps.newestMid(), deadThroughMs: beforeMs }];
    }
    this.#deps.onStep?.({ byMs: Math.round(byMs), adopted: true });
  }

  /** The time slept since this was last asked; 0 when that cannot be known. */
  #sleptMs(monotonicMs: number): number {
    const beforeMs = this.#sleepMs;
    this.#sleepMs = this.#readSleepMs(monotonicMs);
    if (beforeMs === undefined || this.#sleepMs === undefined) return 0;
    return Math.max(this.#sleepMs - beforeMs, 0);
  }

  #readSleepMs(monotonicMs: number): number | undefined {
    try {
      const uptimeSeconds = this.#deps.uptimeSeconds?.();
      return uptimeSeconds === undefined ? undefined : uptimeSeconds * 1000 - monotonicMs;
    } catch {
      return undefined;
    }
  }
}
