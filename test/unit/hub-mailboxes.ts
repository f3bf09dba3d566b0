import type { Entry, MailboxPage, PageLimits } from '../../src/journal/journal.ts';
import { MailboxLog, type MailboxLogBounds } from '../../src/journal/mailbox-log.ts';
import type { Mailboxes } from '../../src/hub/catch-up.ts';

const everything: MailboxLogBounds = {
  messages: 1_000_000,
  bytes: 1_000_000_000,
  mailboxMessages: 1_000_000,
  broadcastMessages: 1_000_000,
};

/** The mailboxes of a memory journal, for a test that numbers its entries itself: it appends them, and then tells the hub. */
export class LocalMailboxes implements Mailboxes {
  readonly log: MailboxLog;
  /** How often each was asked. */
  readonly asked = { tail: 0, store: 0 };

  constructor(bounds: Partial<MailboxLogBounds> = {}) {
    this.log = new MailboxLog({ ...everything, ...bounds });
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) this.log.append(entry);
  }

  head(): number {
    return this.log.head;
  }

  tail(uid: string, after: number, limits: PageLimits): MailboxPage | undefined {
    this.asked.tail += 1;
    return after > this.log.head ? undefined : this.log.mailbox(uid, after, limits);
  }

  mailbox(uid: string, after: number, limits: PageLimits): Promise<MailboxPage> {
    this.asked.store += 1;
    return Promise.resolve(this.log.mailbox(uid, after, limits));
  }
}
