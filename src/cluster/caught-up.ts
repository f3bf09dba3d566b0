import type { Journal } from '../journal/journal.ts';

/**
 * The journal as the supervisor itself asks it: everything is there that a worker had accepted before. `caughtUp` resolves when that was
 * appended.
 */
export function createCaughtUpJournal(journal: Journal, caughtUp: () => Promise<void>): Journal {
  return {
    ...journal,
    read: async (after, limit) => (await caughtUp(), journal.read(after, limit)),
    completeSince: async () => (await caughtUp(), journal.completeSince()),
    mailbox: async (uid, after, limits) => (await caughtUp(), journal.mailbox(uid, after, limits)),
    find: async (id) => (await caughtUp(), journal.find(id)),
    ackedBy: async (uids) => (await caughtUp(), journal.ackedBy(uids)),
  };
}
