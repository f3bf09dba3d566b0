/** Lets a line into the log at most so often: what many strangers cause must not fill a disk. */
export class Seldom {
  readonly #everyMs: number;
  #lastMs = Number.NEGATIVE_INFINITY;
  #passed = 0;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** How many there were since the last line, this one included; 0: it is too soon for another. */
  count(nowMs: number): number {
    this.#passed += 1;
    if (nowMs - this.#lastMs < this.#everyMs) return 0;
    const count = this.#passed;
    this.#lastMs = nowMs;
    this.#passed = 0;
    return count;
  }
}
