import type { Seating } from './standing-source.ts';

/** The seats of each uid over all holders, the oldest first. Costs about 150 bytes a seat. */
export class SeatBook {
  readonly #byUid = new Map<string, string[]>();

  /** Undefined: the uid has all that it may have. Else the seats that were given away for it, by their full names. */
  take(holder: number, { uid, seat, limit, replaces }: Seating): readonly string[] | undefined {
    const taken = this.#byUid.get(uid) ?? [];
    const tooMany = taken.length - limit + 1;
    if (tooMany > 0 && (!replaces || limit === 0)) return undefined;
    const replaced = tooMany > 0 ? taken.splice(0, tooMany) : [];
    taken.push(fullName(holder, seat));
    this.#byUid.set(uid, taken);
    return replaced;
  }

  /** Harmless when nobody has it. */
  free(holder: number, uid: string, seat: string): void {
    const taken = this.#byUid.get(uid);
    const at = taken?.indexOf(fullName(holder, seat)) ?? -1;
    if (taken === undefined || at < 0) return;
    taken.splice(at, 1);
    if (taken.length === 0) this.#byUid.delete(uid);
  }

  /** O(seats). */
  freeAll(holder: number): void {
    const start = fullName(holder, '');
    for (const [uid, taken] of this.#byUid) {
      const left = taken.filter((name) => !name.startsWith(start));
      if (left.length === 0) this.#byUid.delete(uid);
      else if (left.length < taken.length) this.#byUid.set(uid, left);
    }
  }
}

function fullName(holder: number, seat: string): string {
  return `${holder}:${seat}`;
}
