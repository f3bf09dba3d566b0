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

/** Decides when frames that wait are fanned out: at the end of this turn of the event loop, or after the rest. */
export class Pace {
  readonly #monotonicMs: () => number;
  readonly #flush: () => void;
  readonly #onTurn: () => void;
  #isScheduled = false;
  #notBeforeMs = 0;

  constructor(monotonicMs: () => number, flush: () => void) {
    this.#monotonicMs = monotonicMs;
    this.#flush = flush;
    this.#onTurn = () => this.#turn();
  }

  /** Asks for one flush, soon. Cheap to repeat. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#onTurn);
  }

  #turn(): void {
    const startMs = this.#monotonicMs();
    const restMs = this.#notBeforeMs - startMs;
    if (restMs >= minRestMs) {
      setTimeout(this.#onTurn, restMs);
    } else {
      this.#isScheduled = false;
      this.#flush();
      const endMs = this.#monotonicMs();
      this.#notBeforeMs = endMs + Math.min((endMs - startMs) * restShare, maxRestMs);
    }
  }
}
