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
  #units = 0;

  constructor(bounds: CallerIdBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#known.size;
  }

  /** The UTF-16 units of the ids and their fingerprints. */
  get units(): number {
    return this.#units;
  }

  /** Of the id that is forgotten next; Infinity when there is none. */
  get oldestMid(): number {
    for (const { mid } of this.#known.values()) return mid;
    return Infinity;
  }

  get(id: string): KnownId | undefined {
    return this.#known.get(id);
  }

  /** `atMs` must not be below that of the ids before it. O(1), beside what it forgets. */
  add(id: string, known: KnownId): void {
    const before = this.#known.get(id);
    if (before !== undefined) this.#delete(id, before);
    this.#known.set(id, known);
    this.#units += id.length + known.fingerprint.length;
    this.forget(known.atMs);
  }

  /** Gives up what is too old or too many. */
  forget(nowMs: number): void {
    for (const [id, known] of this.#known) {
      if (this.#known.size <= this.#bounds.ids && known.atMs > nowMs - this.#bounds.idMs) return;
      this.#delete(id, known);
    }
  }

  #delete(id: string, { fingerprint }: KnownId): void {
    this.#known.delete(id);
    this.#units -= id.length + fingerprint.length;
  }
}
