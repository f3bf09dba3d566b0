import type { Entry, MailboxPage, PageLimits } from '../../src/journal/journal.ts';
import { MailboxLog, type MailboxLogBounds } from '../../src/journal/mailbox-log.ts';
import { LocalMailboxes } from './hub-mailboxes.ts';

interface Question {
  readonly isWanted: () => boolean | undefined;
  readonly answer: () => void;
  readonly fail: () => void;
}

/**
 * The mailboxes of a store elsewhere, with a tail of its newest entries here: what was appended is in the store at once, and here when
 * the instance is told. Questions to the store wait until the test answers them.
 */
export class SlowMailboxes extends LocalMailboxes {
  readonly store: MailboxLog;
  readonly questions: Question[] = [];
  #untold: Entry[] = [];

  constructor(kept: MailboxLogBounds, tailMessages: number) {
    super({ messages: tailMessages });
    this.store = new MailboxLog(kept);
  }

  override append(entries: readonly Entry[]): void {
    for (const entry of entries) this.store.append(entry);
    this.#untold.push(...entries);
  }

  get untold(): number {
    return this.#untold.length;
  }

  /** What the instance is told next; the hub is to be told it at once. */
  tell(count: number): Entry[] {
    const entries = this.#untold.splice(0, count);
    super.append(entries);
    for (const { message } of entries) if (message.retracts !== 0) this.log.retract(message.retracts);
    return entries;
  }

  /** The instance has lost what it was not told; gives the hole. */
  lose(): { readonly after: number; readonly mid: number } {
    const after = this.log.head;
    const mid = this.store.head;
    this.#untold = [];
    this.store.dropThrough(mid);
    this.log.startAt(mid);
    return { after, mid };
  }

  override tail(uid: string, after: number, limits: PageLimits): MailboxPage | undefined {
    this.asked.tail += 1;
    if (after > this.log.head || after < this.log.since) return undefined;
    return this.log.mailbox(uid, after, limits);
  }

  /** Read when it is answered. */
  override mailbox(uid: string, after: number, limits: PageLimits): Promise<MailboxPage> {
    this.asked.store += 1;
    return new Promise((resolve, reject) => {
      this.questions.push({
        isWanted: () => limits.isWanted?.(),
        answer: () => resolve(this.store.mailbox(uid, after, limits)),
        fail: () => reject(new Error('the store does not answer')),
      });
    });
  }
}
