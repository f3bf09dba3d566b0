/** How often the event loop is looked at, in milliseconds. */
const lookEveryMs = 50;

/** A loop is as late as in the best of so many looks: a single hitch, such as a large batch, is none, however long. */
const looks = 4;

/** How late the event loop is, look after look: what a timer that is due waits for. */
export class LoopLag {
  readonly #monotonicMs: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueMs = 0;
  #latesMs: readonly number[] = [0];

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  start(): void {
    this.#dueMs = this.#monotonicMs() + lookEveryMs;
    this.#timer = setTimeout(() => this.#look(), lookEveryMs);
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#latesMs = [0];
  }

  lagMs(): number {
    return Math.min(...this.#latesMs);
  }

  #look(): void {
    this.#latesMs = [...this.#latesMs, Math.max(0, this.#monotonicMs() - this.#dueMs)].slice(-looks);
    this.start();
  }
}
