import type { CallerIds } from './caller-ids.ts';
import type { Journal } from './journal.ts';
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
      return after > log.head ? undefined : log.mailbox(uid, after, limits);
    },
    mailbox(uid, after, limits) {
      trim();
      return Promise.resolve(log.mailbox(uid, after, limits));
    },
    find(id) {
      trim();
      const mid = ids.get(id)?.mid;
      return Promise.resolve(log.find(id) ?? (mid === undefined ? undefined : { mid, message: undefined }));
    },
  };
}
