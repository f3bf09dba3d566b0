import type { Clock } from '../message/clock.ts';
import type { Message } from '../message/message.ts';
import { AckCursors } from './ack-cursors.ts';
import { CallerIds } from './caller-ids.ts';
import { refuseConflicts } from './conflicts.ts';
import type { Appended, Entry, Follower, Journal, Retention } from './journal.ts';
import { createLocalReads } from './local-reads.ts';
import { MailboxLog } from './mailbox-log.ts';

export interface MemoryJournalDeps {
  /** Unix milliseconds that never jump; fractions are welcome (they become the microseconds of a mid). */
  readonly now: () => number;
  /** By which expiry is judged. */
  readonly clock: Clock;
  /** Told each message that had expired before it was appended. */
  readonly onExpired: (message: Message) => void;
}

/** The journal of a single process: the newest entries in memory, gone when the process ends. */
export function createMemoryJournal({ now, clock, onExpired }: MemoryJournalDeps, retention: Retention): Journal {
  const log = new MailboxLog(retention);
  /** Only ids that callers chose can come again; ours are unique by making. */
  const ids = new CallerIds(retention);
  const acks = new AckCursors();
  let last = 0;
  let follower: Follower = () => {};

  const trim = (): void => log.dropThrough((now() - retention.ageMs) * 1000 - 1);

  function outcomeOf(message: Message): Appended | undefined {
    const known = message.fingerprint === '' ? undefined : ids.get(message.id);
    if (known !== undefined) return { mid: known.mid, outcome: 'duplicate' };
    if (clock.isExpired(message.expiresAtMs)) {
      onExpired(message);
      return { mid: 0, outcome: 'expired' };
    }
    if (message.retracts !== 0 && !log.retract(message.retracts)) return { mid: 0, outcome: 'duplicate' };
    return undefined;
  }

  return {
    guarantees: { survivesProcess: false, shared: false },
    start(theFollower) {
      follower = theFollower;
      last = Math.floor(now() * 1000);
      log.startAt(last);
      return Promise.resolve();
    },
    append(messages) {
      const nowMs = now();
      const clockMid = Math.floor(nowMs * 1000);
      ids.forget(nowMs);
      const refused = refuseConflicts(messages, ids);
      if (refused !== undefined) return Promise.resolve(refused);
      const fresh: Entry[] = [];
      const appended = messages.map((message): Appended => {
        const known = outcomeOf(message);
        if (known !== undefined) return known;
        last = Math.max(last + 1, clockMid);
        const entry = { mid: last, message };
        const { id, fingerprint } = message;
        if (fingerprint !== '') ids.add(id, { mid: last, fingerprint, atMs: nowMs });
        fresh.push(entry);
        return { mid: last, outcome: 'appended' };
      });
      for (const entry of fresh) log.append(entry);
      trim();
      if (fresh.length > 0) follower(fresh);
      return Promise.resolve(appended);
    },
    forgetUnit: () => {},
    ...createLocalReads({ log, ids, trim }),
    acknowledge: (uid, mid) => void acks.raise(uid, mid),
    ackedBy: (uids) => Promise.resolve(uids.map((uid) => acks.get(uid))),
    health: () => ({ ok: true }),
    stop: () => Promise.resolve(),
  };
}
