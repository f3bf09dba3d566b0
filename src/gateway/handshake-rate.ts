export interface HandshakeRateOptions {
  /** How many handshakes are taken in a second. After a quiet second as many are taken at once. */
  readonly maxHandshakes: number;
}

/** The soonest and the latest that somebody who was put off is asked to come back. */
const soonestMs = 1000;
const latestMs = 30_000;

/**
 * A bound on handshakes a second, and a place in the queue for those beyond it. Nobody waits here: each is told a second to come
 * back in, as many to each second as will be taken then, so that they neither all come in the next one nor later than they must.
 */
export class HandshakeRate {
  readonly #perMs: number;
  readonly #most: number;
  #left: number;
  #leftAtMs: number;
  /** The turn of the one who was put off last. */
  #lastTurnMs = 0;

  constructor(nowMs: number, { maxHandshakes }: HandshakeRateOptions) {
    this.#perMs = maxHandshakes / 1000;
    this.#most = maxHandshakes;
    this.#left = maxHandshakes;
    this.#leftAtMs = nowMs;
  }

  /** True: one more is within the rate, and is counted. */
  take(nowMs: number): boolean {
    this.#left = Math.min(this.#most, this.#left + (nowMs - this.#leftAtMs) * this.#perMs);
    this.#leftAtMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  /**
   * In how many milliseconds somebody who comes now and is put off has his turn: after those who were put off before him. Who
   * comes too early takes another turn, hence the bound: one who never waits must not send the others away for ever.
   */
  turnInMs(nowMs: number): number {
    const turnMs = Math.max(this.#lastTurnMs, nowMs + soonestMs) + 1 / this.#perMs;
    this.#lastTurnMs = Math.min(turnMs, nowMs + latestMs);
    return this.#lastTurnMs - nowMs;
  }
}
