/** The most uids whose cursor is kept in memory: about 110 bytes each. Whoever has not acknowledged for longest goes first. */
const maxCursors = 200_000;

/** The ack cursor of each uid: the mid up to which a client of it has handled everything. It only rises. */
export class AckCursors {
  readonly #cursors = new Map<string, number>();

  /** 0: unknown. */
  get(uid: string): number {
    return this.#cursors.get(uid) ?? 0;
  }

  /** False: it was there already. O(1). */
  raise(uid: string, mid: number): boolean {
    if (mid <= this.get(uid)) return false;
    this.#cursors.delete(uid);
    this.#cursors.set(uid, mid);
    if (this.#cursors.size <= maxCursors) return true;
    for (const [oldest] of this.#cursors) {
      this.#cursors.delete(oldest);
      break;
    }
    return true;
  }
}
