import { goodStanding, isForgotten, type Standing } from './standing.ts';

/** How many entries are looked at for those that are over, with each one that is set. */
const sweptAtOnce = 4;

/** The uids that operators have said something of. Costs about 150 bytes for each, and nothing for all others. */
export class Standings {
  readonly #byUid = new Map<string, Standing>();
  #sweep: Iterator<readonly [string, Standing]> | undefined;

  get size(): number {
    return this.#byUid.size;
  }

  get(uid: string): Standing {
    return this.#byUid.get(uid) ?? goodStanding;
  }

  set(uid: string, standing: Standing, nowMs: number): void {
    if (isForgotten(standing, nowMs)) this.#byUid.delete(uid);
    else this.#byUid.set(uid, standing);
    this.#forgetSome(nowMs);
  }

  /** Forgets all that is over. O(all). */
  forgetOver(nowMs: number): void {
    for (const [uid, standing] of this.#byUid) if (isForgotten(standing, nowMs)) this.#byUid.delete(uid);
  }

  entries(): Iterable<readonly [uid: string, standing: Standing]> {
    return this.#byUid.entries();
  }

  clear(): void {
    this.#byUid.clear();
    this.#sweep = undefined;
  }

  /** Blocks end by themselves: they are come across sooner or later, a few at a time. */
  #forgetSome(nowMs: number): void {
    this.#sweep ??= this.#byUid.entries();
    for (let looked = 0; looked < sweptAtOnce; looked += 1) {
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = undefined;
        return;
      }
      const [uid, standing] = next.value;
      if (isForgotten(standing, nowMs)) this.#byUid.delete(uid);
    }
  }
}
