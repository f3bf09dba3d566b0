import { standingAfter, type Change } from './standing.ts';
import type { StandingDesk } from './standing-source.ts';
import type { Standings } from './standings.ts';

export interface MemoryStandingDeps {
  /** The truth itself. */
  readonly standings: Standings;
  readonly now: () => number;
  /** Keeps all of them, so that they are there after a start. Rejects when that fails. */
  readonly keep?: (standings: Standings) => Promise<void>;
}

/** The truth in the memory of one process. */
export function createMemoryStanding({ standings, now, keep }: MemoryStandingDeps): StandingDesk {
  let last = 0;
  return {
    async act(uid, action): Promise<Change> {
      const before = standings.get(uid);
      const standing = standingAfter(before, action);
      last += 1;
      const change = { number: last, uid, kind: action.kind, standing };
      if (action.kind === 'disconnect') return change;
      standings.set(uid, standing, now());
      await keep?.(standings);
      return change;
    },
    standing: (uid) => Promise.resolve(standings.get(uid)),
  };
}
