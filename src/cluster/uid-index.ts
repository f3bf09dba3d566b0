/** Who holds which uid. Most uids have one holder, which is then kept without a list around it. */
export class UidIndex<Holder extends object> {
  readonly #byUid = new Map<string, Holder | Holder[]>();

  get size(): number {
    return this.#byUid.size;
  }

  /** Harmless when repeated. */
  add(uid: string, holder: Holder): void {
    const held = this.#byUid.get(uid);
    if (held === undefined) this.#byUid.set(uid, holder);
    else if (!Array.isArray(held)) {
      if (held !== holder) this.#byUid.set(uid, [held, holder]);
    } else if (!held.includes(holder)) held.push(holder);
  }

  /** Harmless when it does not hold it. */
  remove(uid: string, holder: Holder): void {
    const held = this.#byUid.get(uid);
    if (held === holder) this.#byUid.delete(uid);
    if (!Array.isArray(held)) return;
    const left = held.filter((other) => other !== holder);
    const [only] = left;
    if (left.length === 1 && only !== undefined) this.#byUid.set(uid, only);
    else this.#byUid.set(uid, left);
  }

  /** Takes it from all uids, so many of them a step, since that is O(uids); others may be added and removed between. */
  *removing(holder: Holder, uidsPerStep: number): Generator<void> {
    let left = uidsPerStep;
    for (const uid of this.#byUid.keys()) {
      this.remove(uid, holder);
      left -= 1;
      if (left > 0) continue;
      left = uidsPerStep;
      yield;
    }
  }

  /** O(holders of the uid). */
  visit(uid: string, visit: (holder: Holder) => void): void {
    const held = this.#byUid.get(uid);
    if (held === undefined) return;
    if (Array.isArray(held)) for (const holder of held) visit(holder);
    else visit(held);
  }
}
