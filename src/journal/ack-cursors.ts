/** The most uids whose cursor is kept in memory: about 110 bytes each. Whoever has not acknowledged for longest goes first. */
const maxCursors = 200_000;

/** The ack cursor of each uid: the mid up to which a client of it has handled everything. It only rises. */
export class AckCursors {
  readonly #cursors = new Map<string, number>();
  #units = 0;

  get size(): number {
    return this.#cursors.size;
  }

  /** The UTF-16 units of the uids. */
  get units(): number {
    return this.#units;
  }

  /** 0: unknown. */
  get(uid: string): number {
    return this.#cursors.get(uid) ?? 0;
  }

  /** False: it was there already. O(1). */
  raise(uid: string, mid: number): boolean {
    if (mid <= this.get(uid)) return false;
    if (!this.#cursors.delete(uid)) this.#units += uid.length;
    this.#cursors.set(uid, mid);
    if (this.#cursors.size <= maxCursors) return true;
    for (const [oldest] of this.#cursors) {
      this.#cursors.delete(oldest);
      this.#units -= oldest.length;
      break;
    }
    return true;
  }
}
