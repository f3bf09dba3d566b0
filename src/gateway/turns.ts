/** How long one turn of the event loop may be spent on what waits, in milliseconds. A post goes through some four turns. */
const turnMs = 2;

/** Does work in the order in which it came, in turns of the event loop that leave room for everything else. */
export class Turns<T> {
  readonly #monotonicMs: () => number;
  readonly #work: (item: T) => void;
  readonly #onTurn: () => void;
  #waiting: T[] = [];
  #next = 0;

  constructor(monotonicMs: () => number, work: (item: T) => void) {
    this.#monotonicMs = monotonicMs;
    this.#work = work;
    this.#onTurn = () => this.#turn();
  }

  /** Will be done, soon. */
  add(item: T): void {
    this.#waiting.push(item);
    if (this.#waiting.length === 1) setImmediate(this.#onTurn);
  }

  #turn(): void {
    const endMs = this.#monotonicMs() + turnMs;
    do {
      const item = this.#waiting[this.#next];
      this.#next += 1;
      if (item !== undefined) this.#work(item);
    } while (this.#next < this.#waiting.length && this.#monotonicMs() < endMs);
    // Also while there is always more: what is done is not held.
    this.#waiting.splice(0, this.#next);
    this.#next = 0;
    if (this.#waiting.length > 0) setImmediate(this.#onTurn);
  }
}
