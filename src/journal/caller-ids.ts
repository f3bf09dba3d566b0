/** What is remembered of an id that a caller chose. */
export interface KnownId {
  readonly mid: number;
  readonly fingerprint: string;
  /** When it was appended, in Unix milliseconds. */
  readonly atMs: number;
}

export interface CallerIdBounds {
  readonly idMs: number;
  readonly ids: number;
}

/** The ids that callers chose, for as long and as many as the bounds allow; the oldest are forgotten first. */
export class CallerIds {
  readonly #bounds: CallerIdBounds;
  /** In the order of their appends, which a Map keeps. */
  readonly #known = new Map<string, KnownId>();
  readonly #onForgotten: (id: string) => void;

  /** `onForgotten` is told each id that is given up. */
  constructor(bounds: CallerIdBounds, onForgotten: (id: string) => void = () => {}) {
    this.#bounds = bounds;
    this.#onForgotten = onForgotten;
  }

  get size(): number {
    return this.#known.size;
  }

  get(id: string): KnownId | undefined {
    return this.#known.get(id);
  }

  /** `atMs` must not be below that of the ids before it. O(1), beside what it forgets. */
  add(id: string, known: KnownId): void {
    this.#known.delete(id);
    this.#known.set(id, known);
    this.forget(known.atMs);
  }

  /** Gives up what is too old or too many. */
  forget(nowMs: number): void {
    for (const [id, { atMs }] of this.#known) {
      if (this.#known.size <= this.#bounds.ids && atMs > nowMs - this.#bounds.idMs) return;
      this.#known.delete(id);
      this.#onForgotten(id);
    }
  }
}
