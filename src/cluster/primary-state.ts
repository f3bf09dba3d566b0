/** `away`: it does not say that it is ready. `recovering`: it does, and not yet for long enough. `well`: it may have its clients back. */
export type PrimaryState = 'away' | 'recovering' | 'well';

export interface PrimaryHealthOptions {
  /** For how long a primary must have been ready, without one failed answer, to be well. */
  readonly failbackAfterMs: number;
  /** After so long without any answer, good or bad, nothing is known of the time between. */
  readonly blindMs: number;
}

/** A primary that was well for less than so many times `failbackAfterMs` before it failed again is flapping. */
const flapTimes = 5;

/** Each flap doubles the time that it must be ready next, up to so many times; so long a well time makes up for all of them. */
const maxPatience = 16;
const forgivenTimes = 10;

/** What a backup makes of its primary's answers. Knows no clock and asks nobody. */
export class PrimaryHealth {
  readonly #failbackAfterMs: number;
  readonly #blindMs: number;
  #state: PrimaryState = 'away';
  #sinceMs: number;
  #heardMs: number;
  #patience = 1;

  constructor(nowMs: number, { failbackAfterMs, blindMs }: PrimaryHealthOptions) {
    this.#failbackAfterMs = failbackAfterMs;
    this.#blindMs = blindMs;
    this.#sinceMs = nowMs;
    this.#heardMs = nowMs;
  }

  get state(): PrimaryState {
    return this.#state;
  }

  /** When this state began. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** For how long it must be ready the next time, or this time, to be well. */
  get afterMs(): number {
    return this.#failbackAfterMs * this.#patience;
  }

  /** Notes an answer, or that there was none. True: the state is another one now. */
  heard(isReady: boolean, nowMs: number): boolean {
    const before = this.#state;
    const isBlind = nowMs - this.#heardMs > this.#blindMs;
    this.#heardMs = nowMs;
    const wasForMs = nowMs - this.#sinceMs;
    if (before === 'well' && !isBlind) {
      if (wasForMs >= forgivenTimes * this.#failbackAfterMs) this.#patience = 1;
      if (!isReady && wasForMs < flapTimes * this.#failbackAfterMs)
        this.#patience = Math.min(maxPatience, 2 * this.#patience);
    }
    if (!isReady) return this.#become('away', nowMs);
    if (before === 'away' || isBlind) return this.#become('recovering', nowMs, isBlind);
    return before === 'recovering' && wasForMs >= this.afterMs && this.#become('well', nowMs);
  }

  #become(state: PrimaryState, nowMs: number, isAnew = false): boolean {
    const isOther = state !== this.#state;
    if (isOther || isAnew) this.#sinceMs = nowMs;
    this.#state = state;
    return isOther;
  }
}
