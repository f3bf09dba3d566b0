import type { Peers } from '../cluster/peers.ts';
import type { Found, Journal } from '../journal/journal.ts';
import type { Clock } from '../message/clock.ts';
import type { Backlog, Failed, Scheduled } from '../queue/queue.ts';
import { askStore } from './ask-store.ts';
import { describeMessage, type MessageDocument } from './message-document.ts';
import { receiptQuestion } from './receipt-question.ts';

export interface MessageReaderDeps {
  readonly journal: Pick<Journal, 'find' | 'completeSince' | 'ackedBy'>;
  readonly backlog: Backlog | null;
  readonly peers: Pick<Peers, 'ask'>;
  readonly clock: Pick<Clock, 'isExpired'>;
}

/** The most uids of one answer. A message to so many or fewer lists them without being asked. */
export const maxUids = 1000;

/** How many of the jobs that failed are looked through for a message, the newest ones. */
const searchedFailed = 100;

/**
 * Makes the function that gathers what is known of a message: from the journal, from the queue while it is not appended, and from
 * every instance. Undefined: nobody knows it. Rejects with a StoreError.
 */
export function createMessageReader({ journal, backlog, peers, clock }: MessageReaderDeps) {
  async function inBacklog(id: string): Promise<{ scheduled: Scheduled | undefined; failed: Failed | undefined }> {
    if (backlog === null) return { scheduled: undefined, failed: undefined };
    const scheduled = await askStore(() => backlog.findScheduled(id));
    if (scheduled !== undefined) return { scheduled, failed: undefined };
    const { items } = await askStore(() => backlog.failed(0, searchedFailed));
    return { scheduled, failed: items.find(({ ids }) => ids.includes(id)) };
  }

  async function isForgotten(found: Found | undefined): Promise<boolean> {
    if (found === undefined || found.mid === 0 || found.message !== undefined) return false;
    return found.mid <= (await askStore(() => journal.completeSince()));
  }

  return async function readMessage(id: string, asked?: readonly string[]): Promise<MessageDocument | undefined> {
    const found = await askStore(() => journal.find(id));
    const message = found?.message;
    // The entry that takes another one back has an id as well, which nobody was given.
    if (message !== undefined && message.retracts !== 0) return undefined;
    const mid = found?.mid ?? 0;
    const own = message?.uids ?? undefined;
    const uids = asked ?? (own !== undefined && own.length <= maxUids ? own : undefined);
    const [{ answers, instances }, { scheduled, failed }, cursors, forgotten] = await Promise.all([
      askStore(() => peers.ask(receiptQuestion, { id, mid })),
      mid === 0 ? inBacklog(id) : { scheduled: undefined, failed: undefined },
      uids === undefined || mid === 0 ? [] : askStore(() => journal.ackedBy(uids)),
      isForgotten(found),
    ]);
    const isExpired = message !== undefined && clock.isExpired(message.expiresAtMs, mid);
    const known = { found, isForgotten: forgotten, isExpired, scheduled, failed };
    return describeMessage({ id, ...known, answers, instances, uids, cursors });
  };
}

export type MessageReader = ReturnType<typeof createMessageReader>;
