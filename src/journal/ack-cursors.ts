/** The cursors of at least so many uids are kept in memory, and of at most twice as many: about 110 bytes each. */
export const leastCursors = 200_000;

/**
 * The ack cursor of each uid: the mid up to which a client of it has handled everything. It only rises. Those who have not
 * acknowledged for longest are forgotten, many at once: a Map from which the first is taken again and again looks through the places
 * of all that were taken before, some 200 us each time.
 */
export class AckCursors {
  #young = new Map<string, number>();
  #old = new Map<string, number>();
  /** UTF-16 units of the uids of each. */
  #youngUnits = 0;
  #oldUnits = 0;

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** The UTF-16 units of the uids. */
  get units(): number {
    return this.#youngUnits + this.#oldUnits;
  }

  /** 0: unknown. */
  get(uid: string): number {
    return this.#young.get(uid) ?? this.#old.get(uid) ?? 0;
  }

  /** False: it was there already. O(1). */
  raise(uid: string, mid: number): boolean {
    if (mid <= this.get(uid)) return false;
    if (this.#young.has(uid)) {
      this.#young.set(uid, mid);
      return true;
    }
    if (this.#old.delete(uid)) this.#oldUnits -= uid.length;
    if (this.#young.size === leastCursors) this.#age();
    this.#young.set(uid, mid);
    this.#youngUnits += uid.length;
    return true;
  }

  #age(): void {
    this.#old = this.#young;
    this.#oldUnits = this.#youngUnits;
    this.#young = new Map();
    this.#youngUnits = 0;
  }
}
