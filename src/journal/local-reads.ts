import type { CallerIds } from './caller-ids.ts';
import type { Journal, MailboxPage, PageLimits } from './journal.ts';
import type { MailboxLog } from './mailbox-log.ts';

export interface LocalReadsDeps {
  readonly log: MailboxLog;
  readonly ids: CallerIds;
  /** Drops what is too old. */
  readonly trim: () => void;
}

type LocalReads = Pick<Journal, 'head' | 'read' | 'completeSince' | 'tail' | 'mailbox' | 'find'>;

/** How a journal is read whose process has all of it in memory. */
export function createLocalReads({ log, ids, trim }: LocalReadsDeps): LocalReads {
  function page(uid: string, after: number, limits: PageLimits): MailboxPage {
    const read = log.mailbox(uid, after, limits);
    // Another instance, which numbers by itself, gave that number: what was missed here before it, nobody knows.
    return log.numberUpTo(after) < Math.min(after, log.head) ? { ...read, gap: true } : read;
  }

  return {
    head: () => log.head,
    read(after, limit) {
      trim();
      return Promise.resolve(log.read(after, limit));
    },
    completeSince() {
      trim();
      return Promise.resolve(log.since);
    },
    tail(uid, after, limits) {
      trim();
      return after > log.head ? undefined : page(uid, after, limits);
    },
    mailbox(uid, after, limits) {
      trim();
      return Promise.resolve(page(uid, after, limits));
    },
    find(id) {
      trim();
      const mid = ids.get(id)?.mid;
      return Promise.resolve(log.find(id) ?? (mid === undefined ? undefined : { mid, message: undefined }));
    },
  };
}
