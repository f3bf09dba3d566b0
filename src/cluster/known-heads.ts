/** How many are kept: of the last second or more, also when every answer brings one. */
const maxHeads = 2000;

/** The newest numbers that a worker has heard of as the journal's newest, whether or not it was told their entries. */
export class KnownHeads {
  readonly #mids = new Set<number>();

  /** Must not fall from call to call. */
  add(mid: number): void {
    this.#mids.add(mid);
    if (this.#mids.size <= maxHeads) return;
    for (const oldest of this.#mids) {
      this.#mids.delete(oldest);
      return;
    }
  }

  has(mid: number): boolean {
    return this.#mids.has(mid);
  }
}
