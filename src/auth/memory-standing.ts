import { SeatBook } from './seat-book.ts';
import { isForgotten, shutOut, standingAfter, type Change, type ShutOutLimit } from './standing.ts';
import type { News, Seating, StandingDesk, Verdict } from './standing-source.ts';
import type { Standings } from './standings.ts';

export interface MemoryStandingDeps {
  readonly standings: Standings;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Keeps all of them, so that they are there after a start. Rejects when that fails. */
  readonly keep?: ((standings: Standings) => Promise<void>) | undefined;
}

/** Who asks later than so many changes is told everything. */
const maxChanges = 1000;

/**
 * The truth in the memory of one process, for that process or for its workers. What `standings` holds is in force before it is kept: an
 * action that rejects was done, and is gone after a start.
 */
export function createMemoryStanding({ standings, now, keep }: MemoryStandingDeps, { maxShutOut }: ShutOutLimit) {
  const seats = new SeatBook();
  const changes: Change[] = [];
  let last = 0;

  function hasRoom(): boolean {
    if (standings.size >= maxShutOut) standings.forgetOver(now());
    return standings.size < maxShutOut;
  }

  const desk: StandingDesk = {
    async act(uid, action) {
      const before = standings.get(uid);
      const standing = standingAfter(before, action);
      const isNew = isForgotten(before, now()) && !isForgotten(standing, now());
      if (isNew && !hasRoom()) return 'full';
      last += 1;
      const change: Change = { number: last, uid, kind: action.kind, standing };
      changes.push(change);
      if (changes.length > maxChanges) changes.shift();
      if (action.kind === 'disconnect') return change;
      standings.set(uid, standing, now());
      await keep?.(standings);
      return change;
    },
    standing: (uid) => Promise.resolve(standings.get(uid)),
  };

  return {
    ...desk,
    /** Judges and seats somebody who comes to `holder`, a worker. */
    enter(holder: number, seating: Seating): Verdict {
      const standing = standings.get(seating.uid);
      const why = shutOut(standing, seating.issuedAtMs, now());
      if (why !== undefined) return { state: why, standing };
      const replaced = seats.take(holder, seating);
      return replaced === undefined ? { state: 'full' } : { state: 'in', replaced };
    },
    leave: (holder: number, uid: string, seat: string): void => seats.free(holder, uid, seat),
    /** A worker has ended. O(seats). */
    leaveAll: (holder: number): void => seats.freeAll(holder),
    /** What has changed after that change; below 0: everything. */
    news(after: number): News {
      const first = changes[0]?.number ?? last + 1;
      const isKnown = after >= 0 && after >= first - 1 && after <= last;
      return {
        whole: isKnown ? undefined : [...standings.entries()],
        changes: isKnown ? changes.filter(({ number }) => number > after) : [],
        through: last,
        replaced: [],
      };
    },
  };
}

export type MemoryStanding = ReturnType<typeof createMemoryStanding>;
