/** A group of values in the store. */
export interface Group {
  /** Its key: the mid of its first value. */
  readonly first: number;
  /** The mid of its last value. */
  readonly last: number;
  /** How many of its values are wanted still, where that is counted. */
  wanted: number;
}

/** What groups there are in a table of the store, the oldest first. They are taken away in that order. */
export class Groups {
  #groups: Group[] = [];
  #first = 0;

  get count(): number {
    return this.#groups.length - this.#first;
  }

  push(group: Group): void {
    this.#groups.push(group);
  }

  /** The oldest groups for which `isOld` holds, at most `limit`. */
  oldest(limit: number, isOld: (group: Group) => boolean): readonly Group[] {
    let end = this.#first;
    for (; end < this.#first + limit; end += 1) {
      const group = this.#groups[end];
      if (group === undefined || !isOld(group)) break;
    }
    return this.#groups.slice(this.#first, end);
  }

  /** One value of the oldest group with wanted ones is not wanted any more. */
  unwant(): void {
    for (let at = this.#first; at < this.#groups.length; at += 1) {
      const group = this.#groups[at];
      if (group === undefined || group.wanted === 0) continue;
      group.wanted -= 1;
      return;
    }
  }

  /** Forgets the oldest ones. */
  drop(count: number): void {
    this.#first += count;
    if (this.#first < 1000 || this.#first * 2 < this.#groups.length) return;
    this.#groups = this.#groups.slice(this.#first);
    this.#first = 0;
  }
}
