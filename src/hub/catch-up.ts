import type { Entry, Journal, MailboxPage } from '../journal/journal.ts';
import type { Clock } from '../message/clock.ts';
import type { Counters } from '../ops/counters.ts';
import { closeCodes } from '../wire/close-codes.ts';
import { everyType, type GapEvent, type WelcomeEvent } from '../wire/frames.ts';
import type { Behind, Connection } from './connection.ts';
import { plainFrame, textFrame, trackedFrame } from './frame.ts';
import type { Receipts } from './receipts.ts';

/** Where mailboxes are read. */
export type Mailboxes = Pick<Journal, 'head' | 'tail' | 'mailbox'>;

export interface CatchUpDeps {
  readonly mailboxes: Mailboxes;
  readonly clock: Clock;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonicMs: () => number;
  readonly counters: Counters;
  readonly receipts: Receipts;
  /** The connections that are behind; the registry's. */
  readonly behind: Set<Connection>;
  /** Makes a connection live: it has everything that the hub was told so far. */
  readonly goLive: (connection: Connection, types: readonly string[]) => void;
}

export interface CatchUpOptions {
  readonly connectionBudgetBytes: number;
  /** How long a connection may be behind without its socket taking anything. */
  readonly behindTimeoutMs: number;
}

/** One page is read and encoded at once: small beside a turn, large beside the cost of asking for it. */
const pageEntries = 100;
const maxPageBytes = 64 * 1024;

/** The most pages for one connection before the others have their turn. */
const pagesPerTurn = 4;

/** How often it is looked whether sockets have room again, and whether the hub has come to where a reader of the store is. */
const tickMs = 20;

/** The longest that one look may hold up everything else, about. */
const maxTickMs = 10;

/** How long after a failure of the store, or after all of it was read, it is asked again. */
const askAgainMs = 500;

/**
 * Brings connections that are behind up to date, from the journal, a page at a time and within their budget; a connection that does
 * not read holds nothing but its socket's buffer. The last step is taken in one go: what the journal's tail has up to now is
 * written, and the connection is live for what the hub is told next. So there is no hole and no repeat between the two.
 */
export class CatchUp {
  readonly #deps: CatchUpDeps;
  readonly #timeoutMs: number;
  readonly #limits: { readonly entries: number; readonly bytes: number };
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(deps: CatchUpDeps, { connectionBudgetBytes, behindTimeoutMs }: CatchUpOptions) {
    this.#deps = deps;
    this.#timeoutMs = behindTimeoutMs;
    this.#limits = { entries: pageEntries, bytes: Math.min(maxPageBytes, Math.floor(connectionBudgetBytes / 2)) };
  }

  /** Begins with a connection that has become behind. The timer runs only while there is one. */
  begin(): void {
    this.#timer ??= setInterval(() => this.#tick(), tickMs).unref();
  }

  /**
   * Goes on with one connection as far as is possible now, or for a few pages. Not to be called while the hub publishes. False: it
   * has to wait for its socket or the store.
   */
  step(connection: Connection): boolean {
    for (let pages = 0; pages < pagesPerTurn; pages += 1) {
      const { behind } = connection;
      if (behind === null || behind.isReading || !connection.isOpen) return false;
      const page = this.#deps.mailboxes.tail(connection.uid, behind.cursor, this.#limits);
      if (page === undefined) {
        void this.#ask(connection, behind);
        return false;
      }
      if (!this.#write(connection, behind, page)) return false;
      if (page.isLast) {
        this.#deps.goLive(connection, behind.types);
        return true;
      }
    }
    return true;
  }

  /** Closes a connection that cannot be given everything. */
  giveUp(connection: Connection, reason: string): void {
    this.#deps.counters.tooSlow += 1;
    connection.door.close(closeCodes.tryAgainLater, reason);
  }

  /** Looks at one after the other, round and round, until none can go on or the time is over. */
  #tick(): void {
    const { behind, monotonicMs } = this.#deps;
    const startMs = monotonicMs();
    let waiting = 0;
    for (const connection of behind) {
      // Who was looked at goes to the end of the line, where this loop comes to it again.
      behind.delete(connection);
      behind.add(connection);
      waiting = this.#look(connection, startMs) ? 0 : waiting + 1;
      if (waiting >= behind.size || monotonicMs() - startMs > maxTickMs) break;
    }
    if (behind.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** As `step`. */
  #look(connection: Connection, nowMs: number): boolean {
    const { behind, waitingBytes, unsentBytes } = connection;
    if (behind === null || behind.isReading || !connection.isOpen) return false;
    // Who takes bytes lives, and comes to the pings among them in time.
    if (unsentBytes < behind.unsentBytes) connection.isHeard = true;
    if (unsentBytes < behind.unsentBytes || unsentBytes === 0) behind.progressMs = nowMs;
    behind.unsentBytes = unsentBytes;
    if (waitingBytes === 0) return this.step(connection);
    if (nowMs - behind.progressMs > this.#timeoutMs) this.giveUp(connection, 'too slow');
    return false;
  }

  async #ask(connection: Connection, behind: Behind): Promise<void> {
    if (this.#deps.monotonicMs() < behind.askAgainMs) return;
    behind.isReading = true;
    let page: MailboxPage | undefined;
    try {
      const isWanted = (): boolean => connection.behind === behind && connection.isOpen;
      page = await this.#deps.mailboxes.mailbox(connection.uid, behind.cursor, { ...this.#limits, isWanted });
    } catch {
      // What is wrong with the store, it says itself. The connection waits: nothing is lost by that.
    }
    behind.isReading = false;
    if (page === undefined || page.isLast) behind.askAgainMs = this.#deps.monotonicMs() + askAgainMs;
    if (page === undefined || connection.behind !== behind || !connection.isOpen) return;
    if (this.#write(connection, behind, page)) this.step(connection);
  }

  /** False: there is no room for it yet, or the connection was given up. */
  #write(connection: Connection, behind: Behind, page: MailboxPage): boolean {
    // A number that the journal has never given comes from another deployment, or from before its store was lost.
    const isUnknown = page.through < behind.cursor;
    if (!behind.isNew && (isUnknown || (page.gap && behind.cursor >= behind.gapSaid))) {
      this.giveUp(connection, 'what was missed is no longer kept');
      return false;
    }
    const head = page.isLast ? page.through : Math.max(page.through, this.#deps.mailboxes.head());
    const frames: Buffer[] = [];
    if (behind.isNew) frames.push(welcomeFrame(head, !page.gap && !isUnknown));
    // It was told that something is missing up to `gapSaid`; what came later may be missing as well by now.
    else if (page.gap && head > behind.gapSaid) frames.push(gapFrame(behind.cursor, head));
    const entries = page.entries.filter((entry) => this.#isWanted(connection, behind, entry));
    for (const entry of entries) frames.push(connection.mode === 'plain' ? plainFrame(entry) : trackedFrame(entry));
    if (frames.length > 0 && !connection.write(Buffer.concat(frames))) return false;
    behind.isNew = false;
    if (page.gap) behind.gapSaid = head;
    behind.cursor = page.through;
    behind.progressMs = this.#deps.monotonicMs();
    this.#deps.counters.delivered += entries.length;
    this.#deps.counters.replayed += entries.length;
    for (const { mid } of entries) this.#deps.receipts.caughtUp(mid, mid > behind.matchedThrough);
    return true;
  }

  #isWanted({ mode }: Connection, { types }: Behind, { mid, message }: Entry): boolean {
    if (mode === 'plain' && message.retracts !== 0) return false;
    if (!types.includes(message.type) && !types.includes(everyType)) return false;
    return !this.#deps.clock.isExpired(message.expiresAtMs, mid);
  }
}

export function gapFrame(after: number, mid: number): Buffer {
  const event: GapEvent = { event: 'gap', after, mid };
  return textFrame(JSON.stringify(event));
}

function welcomeFrame(mid: number, resumed: boolean): Buffer {
  const event: WelcomeEvent = { event: 'welcome', mid, resumed };
  return textFrame(JSON.stringify(event));
}
