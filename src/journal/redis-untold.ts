/** The mids of some kept entries up to `through`, the newest first. */
export type MidsBefore = (through: number) => Promise<readonly number[]>;

/** What was told lately: more than is told while an instance stays with a server that was replaced. 8 bytes each. */
const mostTold = 65_536;

/**
 * Remembers which mids this instance was told, for the day on which it comes to another server of Redis. Two that were both written to for
 * a while have one history up to the day on which they parted and two from then on, and the instance knows the other one's only from its
 * own newest mid on: what that server numbered below is in no page that it reads.
 */
export function createTold() {
  /** They rise. */
  let mids: number[] = [];

  function has(mid: number): boolean {
    let low = 0;
    let high = mids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((mids[middle] ?? 0) < mid) low = middle + 1;
      else high = middle;
    }
    return mids[low] === mid;
  }

  return {
    /** To be called with the mid that everything follows on, and then with each entry's. */
    note(mid: number): void {
      mids.push(mid);
      if (mids.length > 2 * mostTold) mids = mids.slice(-mostTold);
    },

    /**
     * The oldest entry up to `through` that a server has and this instance was not told; undefined: there is none. The histories are the
     * same from the newest mid that both have, so it seldom asks for more than one page.
     */
    async oldestUntold(through: number, midsBefore: MidsBefore): Promise<number | undefined> {
      const [oldestTold] = mids;
      if (oldestTold === undefined) return undefined;
      let untold: number | undefined;
      for (let last = through; ;) {
        const page = await midsBefore(last);
        for (const mid of page) {
          if (mid < oldestTold || has(mid)) return untold;
          untold = mid;
        }
        if (page.length === 0) return untold;
        last = (page.at(-1) ?? 0) - 1;
      }
    },
  };
}
