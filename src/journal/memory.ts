import type { Message } from '../message/message.ts';
import type { Appended, Entry, Follower, Journal, Retention } from './journal.ts';

export interface MemoryJournalDeps {
  /** Unix milliseconds; fractions are welcome (they become the microseconds of a mid). */
  readonly now: () => number;
}

/** What an entry costs beside its texts: the objects, the slot, the id's place in the index. Estimated from heap snapshots. */
const entryOverheadBytes = 400;

/** The entries are kept in one array; its dead front is cut off when it is longer than this and than what lives. */
const minDeadFront = 1024;

/** The journal of a single process: the newest entries in memory, gone when the process ends. */
export function createMemoryJournal({ now }: MemoryJournalDeps, retention: Retention): Journal {
  let entries: Entry[] = [];
  let first = 0;
  let bytes = 0;
  let last = 0;
  let since = 0;
  const midsById = new Map<string, number>();
  let follower: Follower = () => {};

  function add(message: Message): Entry {
    last = Math.max(last + 1, Math.floor(now() * 1000));
    const entry: Entry = { mid: last, message };
    entries.push(entry);
    bytes += costOf(message);
    midsById.set(message.id, last);
    return entry;
  }

  function trim(): void {
    const oldest = (now() - retention.ageMs) * 1000;
    for (;;) {
      const entry = entries[first];
      if (entry === undefined) break;
      const kept = entries.length - first;
      if (kept <= retention.messages && bytes <= retention.bytes && entry.mid >= oldest) break;
      first += 1;
      bytes -= costOf(entry.message);
      since = entry.mid;
      midsById.delete(entry.message.id);
    }
    if (first > minDeadFront && first > entries.length / 2) {
      entries = entries.slice(first);
      first = 0;
    }
  }

  /** The index of the first entry above `mid`. */
  function indexAfter(mid: number): number {
    let low = first;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((entries[middle]?.mid ?? Infinity) <= mid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    guarantees: { survivesProcess: false, shared: false },
    start(theFollower) {
      follower = theFollower;
      since = last = Math.floor(now() * 1000);
      return Promise.resolve();
    },
    append(messages) {
      const fresh: Entry[] = [];
      const appended = messages.map((message): Appended => {
        const mid = midsById.get(message.id);
        if (mid !== undefined) return { mid, duplicate: true };
        const entry = add(message);
        fresh.push(entry);
        return { mid: entry.mid, duplicate: false };
      });
      trim();
      if (fresh.length > 0) follower(fresh);
      return Promise.resolve(appended);
    },
    head: () => last,
    read(after, limit) {
      trim();
      const from = indexAfter(after);
      return Promise.resolve(entries.slice(from, from + limit));
    },
    completeSince() {
      trim();
      return Promise.resolve(since);
    },
    health: () => ({ ok: true }),
    stop: () => Promise.resolve(),
  };
}

function costOf(message: Message): number {
  let units = message.push.length + message.id.length;
  if (message.uids !== null) for (const uid of message.uids) units += uid.length + 16;
  return entryOverheadBytes + 2 * units;
}
