import type { Doorkeeper, House } from './doorkeeper.ts';
import type { Entered, Entry } from './entry.ts';
import type { Grant, Refused } from './listener-auth.ts';
import { fullRefusal } from './refusals.ts';

export interface EntryOptions {
  readonly maxConnectionsPerUid: number;
  /** What becomes of one connection more than a uid may have: it is refused, or the oldest one gives it its place. */
  readonly uidConnections: 'refuse' | 'replace';
}

export interface EntryCounters {
  uidFull: number;
  shutOut: number;
}

export interface LocalEntryDeps {
  readonly doorkeeper: Doorkeeper;
  readonly house: House;
  readonly counters: EntryCounters;
}

/** An entry that waits for nobody. */
export interface LocalEntry extends Entry {
  enter(grant: Grant): Entered;
}

/** Judges by what this instance knows and counts its own connections alone. Asks nobody, waits for nobody, and gives no seats. */
export function createLocalEntry({ doorkeeper, house, counters }: LocalEntryDeps, options: EntryOptions): LocalEntry {
  const { maxConnectionsPerUid, uidConnections } = options;

  function shutOut({ uid, issuedAtMs }: Grant): Refused | undefined {
    const refusal = doorkeeper.refusal(uid, issuedAtMs);
    if (refusal !== undefined) counters.shutOut += 1;
    return refusal;
  }

  function makeRoom({ uid, maxConnections }: Grant): Refused | undefined {
    const limit = maxConnections ?? maxConnectionsPerUid;
    const all = house.connectionsOf(uid);
    if (all.length < limit) return undefined;
    if (uidConnections === 'replace' && limit > 0) {
      const open = all.filter(({ isOpen }) => isOpen);
      doorkeeper.replace(open.slice(0, Math.max(0, open.length - limit + 1)));
      return undefined;
    }
    counters.uidFull += 1;
    return fullRefusal(limit);
  }

  return {
    enter: (grant) => shutOut(grant) ?? makeRoom(grant) ?? { ok: true, seat: null },
    shutOut,
    leave: () => {},
  };
}
