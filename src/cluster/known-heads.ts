/** How many are kept: of the last second or more, also when every answer brings one. */
export const maxHeads = 2000;

/** The newest numbers that a worker has heard of as the journal's newest, whether or not it was told their entries. */
export class KnownHeads {
  /** In a ring: the one before `#next` is the newest, the one at it the oldest. */
  readonly #mids = new Float64Array(maxHeads).fill(-1);
  #next = 0;

  /** Must not fall from call to call. O(1). */
  add(mid: number): void {
    const newest = this.#next === 0 ? maxHeads - 1 : this.#next - 1;
    if (this.#mids[newest] === mid) return;
    this.#mids[this.#next] = mid;
    this.#next = this.#next === maxHeads - 1 ? 0 : this.#next + 1;
  }

  /** O(log kept). */
  has(mid: number): boolean {
    let low = 0;
    let high = maxHeads - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#at(middle) >= mid) high = middle;
      else low = middle + 1;
    }
    return this.#at(low) === mid;
  }

  /** From the oldest on. */
  #at(index: number): number {
    return this.#mids[(this.#next + index) % maxHeads] ?? -1;
  }
}
