import { createClock, type Clock, type ClockStep } from '../../src/message/clock.ts';

export const startMs = Date.UTC(2026, 10, 21, 12);
export const second = 1000;
export const hour = 3_600_000;
export const day = 24 * hour;

/** A machine whose clocks the test owns, and a clock on it. */
export class Machine {
  wallMs = startMs;
  monotonicMs = 12_345.678;
  uptimeMs = 987_650;
  newestMid = 100;
  uptimeReads = 0;
  readonly steps: ClockStep[] = [];
  readonly clock: Clock;

  constructor(uptimeSeconds?: (machine: Machine) => number) {
    this.clock = createClock({
      wallMs: () => this.wallMs,
      monotonicMs: () => this.monotonicMs,
      uptimeSeconds: () => {
        this.uptimeReads += 1;
        return uptimeSeconds === undefined ? this.uptimeMs / 1000 : uptimeSeconds(this);
      },
      newestMid: () => this.newestMid,
      onStep: (step) => this.steps.push(step),
    });
  }

  /** Time passes, and somebody asks for it once a second. */
  pass(forMs: number): void {
    for (let leftMs = forMs; leftMs > 0; leftMs -= second) {
      const partMs = Math.min(leftMs, second);
      this.wallMs += partMs;
      this.monotonicMs += partMs;
      this.uptimeMs += partMs;
      this.clock.now();
    }
  }

  /** Real time passes and monotonic time stands still. */
  sleep(forMs: number): void {
    this.wallMs += forMs;
    this.uptimeMs += forMs;
  }

  step(byMs: number): void {
    this.wallMs += byMs;
  }

  /** What the clock says, from the start on. */
  get sinceStartMs(): number {
    return Math.round(this.clock.now() - startMs);
  }
}
