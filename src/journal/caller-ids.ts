import { AgedMap } from './aged-map.ts';

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
  readonly #known = new AgedMap<KnownId>();
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
    return this.#known.oldest?.mid ?? Infinity;
  }

  get(id: string): KnownId | undefined {
    return this.#known.get(id);
  }

  /** `atMs` must not be below that of the ids before it. O(1), beside what it forgets. */
  add(id: string, known: KnownId): void {
    const before = this.#known.get(id);
    if (before !== undefined) this.#units -= id.length + before.fingerprint.length;
    this.#known.set(id, known);
    this.#units += id.length + known.fingerprint.length;
    this.forget(known.atMs);
  }

  /** Gives up what is too old or too many. */
  forget(nowMs: number): void {
    for (let oldest = this.#known.oldest; oldest !== undefined; oldest = this.#known.oldest) {
      if (this.#known.size <= this.#bounds.ids && oldest.atMs > nowMs - this.#bounds.idMs) return;
      const forgotten = this.#known.deleteOldest();
      if (forgotten !== undefined) this.#units -= forgotten.key.length + forgotten.value.fingerprint.length;
    }
  }
}
