/** The newest entries that are counted: 16 bytes each. */
const kept = 65_536;

/** What this instance did with an entry. */
export interface Receipt {
  /** Connections of this instance that it was for. */
  readonly matched: number;
  /** Frames of it that were handed to sockets. */
  readonly written: number;
}

/** Counts, for each of the newest entries, for how many connections it was and to how many it was written. */
export class Receipts {
  readonly #mids = new Float64Array(kept);
  readonly #matched = new Uint32Array(kept);
  readonly #written = new Uint32Array(kept);
  #next = 0;

  /** Begins to count an entry and returns its place. Mids rise. */
  open(mid: number): number {
    const place = this.#next % kept;
    this.#next += 1;
    this.#mids[place] = mid;
    this.#matched[place] = 0;
    this.#written[place] = 0;
    return place;
  }

  matched(place: number, connections: number): void {
    this.#matched[place] = (this.#matched[place] ?? 0) + connections;
  }

  written(place: number, frames: number): void {
    this.#written[place] = (this.#written[place] ?? 0) + frames;
  }

  /** A connection was given the entry from the journal; `isNew`: it was not there in time, so that it is to be counted as matched. */
  caughtUp(mid: number, isNew: boolean): void {
    const place = this.#placeOf(mid);
    if (place === undefined) return;
    if (isNew) this.matched(place, 1);
    this.written(place, 1);
  }

  /** Undefined: not told to this instance, or too long ago. */
  get(mid: number): Receipt | undefined {
    const place = this.#placeOf(mid);
    if (place === undefined) return undefined;
    return { matched: this.#matched[place] ?? 0, written: this.#written[place] ?? 0 };
  }

  #placeOf(mid: number): number | undefined {
    let low = Math.max(0, this.#next - kept);
    let high = this.#next;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#mids[middle % kept] ?? 0) >= mid) high = middle;
      else low = middle + 1;
    }
    return low < this.#next && this.#mids[low % kept] === mid ? low % kept : undefined;
  }
}
