/**
 * How long the hub rests after a fan-out, as a share of what the fan-out took. While it rests, posts are read and frames
 * gather, and the next fan-out carries them in the same writes: under a steady load the rest buys far more throughput than it
 * costs. A fan-out after a quiet time never waits. Measured in docs/benchmarks.md.
 */
const restShare = 0.25;

/** The shortest rest, in milliseconds: a timer cannot wait for less, and turning idle rounds instead would cost more than it buys. */
const minRestMs = 1;

/** The longest rest, in milliseconds: what it may add to the latency of a message under load. */
const maxRestMs = 20;

/**
 * The longest that a fan-out holds the event loop at a time, in milliseconds. A post goes through some four turns of the loop, with a store
 * that is asked twice, and each may have a slice in it.
 */
const sliceMs = 2;

export interface PaceDeps {
  readonly monotonicMs: () => number;
  /** Fans out what waits, until this time by the monotonic clock; true: nothing of what waited at its beginning is left. */
  readonly fanOut: (untilMs: number) => boolean;
}

/** Decides when frames that wait are fanned out: at the end of this turn of the event loop, or after the rest; a long fan-out takes several turns. */
export class Pace {
  readonly #deps: PaceDeps;
  readonly #onTurn: () => void;
  #isScheduled = false;
  /** A fan-out is to follow the one that is under way. */
  #isWanted = false;
  /** What the fan-out that is under way has taken so far. */
  #tookMs = 0;
  #isUnderWay = false;
  #notBeforeMs = 0;

  constructor(deps: PaceDeps) {
    this.#deps = deps;
    this.#onTurn = () => this.#turn();
  }

  /** Asks for one fan-out, soon. Cheap to repeat. */
  schedule(): void {
    this.#isWanted = true;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#onTurn);
  }

  #turn(): void {
    const startMs = this.#deps.monotonicMs();
    const restMs = this.#notBeforeMs - startMs;
    if (restMs >= minRestMs) {
      setTimeout(this.#onTurn, restMs);
      return;
    }
    if (!this.#isUnderWay) this.#isWanted = false;
    this.#isUnderWay = !this.#deps.fanOut(startMs + sliceMs);
    const endMs = this.#deps.monotonicMs();
    this.#tookMs += endMs - startMs;
    if (!this.#isUnderWay) {
      this.#notBeforeMs = endMs + Math.min(this.#tookMs * restShare, maxRestMs);
      this.#tookMs = 0;
    }
    this.#isScheduled = this.#isUnderWay || this.#isWanted;
    if (this.#isScheduled) setImmediate(this.#onTurn);
  }
}
