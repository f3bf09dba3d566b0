import type { Message } from '../message/message.ts';

/** A message with its number. */
export interface Entry {
  /** A safe integer, strictly increasing over all messages of one deployment: `max(last + 1, clock in microseconds)`. */
  readonly mid: number;
  readonly message: Message;
}

/** What became of one message of an append, in the order of the append. */
export interface Appended {
  readonly mid: number;
  /** True when a message of this id was appended before, within the retention: `mid` is then the first one's. */
  readonly duplicate: boolean;
}

/** What a driver promises, as data: the contract suite reads it. */
export interface JournalGuarantees {
  /** What was appended is still there after this process has ended. */
  readonly survivesProcess: boolean;
  /** Several instances may append to and follow the same journal. */
  readonly shared: boolean;
}

/** How much a journal keeps. The oldest entry goes when any bound is passed. */
export interface Retention {
  readonly messages: number;
  readonly bytes: number;
  readonly ageMs: number;
}

/** Whether the journal can be used now; `reason` is a sentence for an operator, without secrets. */
export type Health = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Is told every entry once, in `mid` order, in groups as they arrive. Must return soon and must not throw. */
export type Follower = (entries: readonly Entry[]) => void;

/**
 * Numbers every message, keeps the newest ones within the retention and tells the follower of every instance. The journal is
 * the truth; what announces an entry (a call, a pub/sub message) is an optimisation, and a driver that sees a hole between
 * announcements reads the hole from what it keeps before it goes on.
 *
 * Reading a mailbox (what a uid missed after a cursor) will be one more operation here, on the same entries.
 */
export interface Journal {
  readonly guarantees: JournalGuarantees;

  /**
   * Begins to follow: the follower gets the entries that are appended from now on. Resolves at once when the store cannot be
   * reached; the driver then connects by itself and `health` says why it is not ready. Called once, before any append.
   */
  start(follower: Follower): Promise<void>;

  /**
   * Appends messages as one unit: all are numbered, in order and without another message between them, or none is. A caller's
   * id that was appended before is not appended again; where the journal survives the process no id is, since an append may
   * be repeated after a failure. Once it resolves, the entries are kept at the level of `guarantees`.
   *
   * Rejects when the store does not answer within the deadline or refuses; the messages may then have been appended, and a
   * repeat with the same ids is harmless.
   */
  append(messages: readonly Message[]): Promise<readonly Appended[]>;

  /** The mid of the newest entry that the follower was told, or that was there at the start; 0 in an empty journal. */
  head(): number;

  /**
   * Entries with a mid above `after`, oldest first, at most `limit`. O(log kept + limit). What is older than the retention is
   * not there: compare `after` with `completeSince`.
   */
  read(after: number, limit: number): Promise<readonly Entry[]>;

  /** The mid from which on nothing is missing: every entry above it is still kept. */
  completeSince(): Promise<number>;

  health(): Health;

  /** Ends following and frees the store's connections. Appends in flight are awaited first, within the deadline. */
  stop(): Promise<void>;
}
