import type { Appended, Entry, Follower, Journal, Retention } from './journal.ts';
import { RecordLog } from './record-log.ts';

export interface MemoryJournalDeps {
  /** Unix milliseconds; fractions are welcome (they become the microseconds of a mid). */
  readonly now: () => number;
}

/** The journal of a single process: the newest entries in memory, gone when the process ends. */
export function createMemoryJournal({ now }: MemoryJournalDeps, retention: Retention): Journal {
  const log = new RecordLog();
  /** Only ids that callers chose can come again; those are few, and ours are unique by making. */
  const midsById = new Map<string, number>();
  let last = 0;
  let since = 0;
  let follower: Follower = () => {};

  function trim(): void {
    const oldest = (now() - retention.ageMs) * 1000;
    for (;;) {
      const first = log.firstMid;
      if (first === undefined) return;
      if (log.count <= retention.messages && log.bytes <= retention.bytes && first >= oldest) return;
      since = first;
      const id = log.dropFirst();
      if (id !== undefined) midsById.delete(id);
    }
  }

  return {
    guarantees: { survivesProcess: false, shared: false },
    start(theFollower) {
      follower = theFollower;
      since = last = Math.floor(now() * 1000);
      return Promise.resolve();
    },
    append(messages) {
      const clock = Math.floor(now() * 1000);
      const fresh: Entry[] = [];
      const appended = messages.map((message): Appended => {
        const known = message.hasCallersId ? midsById.get(message.id) : undefined;
        if (known !== undefined) return { mid: known, duplicate: true };
        last = Math.max(last + 1, clock);
        log.append(last, message);
        if (message.hasCallersId) midsById.set(message.id, last);
        fresh.push({ mid: last, message });
        return { mid: last, duplicate: false };
      });
      trim();
      if (fresh.length > 0) follower(fresh);
      return Promise.resolve(appended);
    },
    head: () => last,
    read(after, limit) {
      trim();
      return Promise.resolve(log.read(after, limit));
    },
    completeSince() {
      trim();
      return Promise.resolve(since);
    },
    health: () => ({ ok: true }),
    stop: () => Promise.resolve(),
  };
}
