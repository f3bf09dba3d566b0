import type { Message } from '../message/message.ts';

/** A message with its number. */
export interface Entry {
  /** A safe integer, strictly increasing over all messages of one deployment: `max(last + 1, clock in microseconds)`. */
  readonly mid: number;
  readonly message: Message;
}

/**
 * What became of one message of an append. `duplicate`: its id was appended before with the same fingerprint. `conflict`: with
 * another one. `refused`: another message of the append is a conflict. `expired`: its time was over, so it is neither numbered nor
 * kept.
 */
export type Outcome = 'appended' | 'duplicate' | 'conflict' | 'refused' | 'expired';

export interface Appended {
  /** Of a duplicate: the first one's. 0 of what was not appended now or before. */
  readonly mid: number;
  readonly outcome: Outcome;
}

/** What a driver promises, as data: the contract suite reads it. */
export interface JournalGuarantees {
  /** What was appended is still there after this process has ended. */
  readonly survivesProcess: boolean;
  /** Several instances may append to and follow the same journal. */
  readonly shared: boolean;
}

/** How much a journal keeps. The oldest goes first when any bound is passed. */
export interface Retention {
  /** Entries in total, their bytes with what indexes them, and their age. */
  readonly messages: number;
  readonly bytes: number;
  readonly ageMs: number;
  /** Entries in the mailbox of one uid, of those that are addressed to it. */
  readonly mailboxMessages: number;
  /** Entries that are addressed to all. */
  readonly broadcastMessages: number;
  /** How long a caller's id is remembered, and how many of them where the journal is this process's own. */
  readonly idMs: number;
  readonly ids: number;
}

/** How much one page of a mailbox holds. It holds at least one entry, however large, when there is one. */
export interface PageLimits {
  readonly entries: number;
  /** Of push texts, about. */
  readonly bytes: number;
  /** Looked at when the page comes to its turn: nobody wants it any more when this is false, and it may be rejected. */
  readonly isWanted?: () => boolean;
}

/** A part of a mailbox: what is addressed to one uid, or to all. What was retracted is not in it; what has expired may be. */
export interface MailboxPage {
  /** Oldest first. The uids of a message that is not to all may be the reader's alone. */
  readonly entries: readonly Entry[];
  /**
   * The mailbox is complete up to here: the next page begins after it. Of the last page: the newest mid of the journal. Below
   * `after` when the journal has never given that number.
   */
  readonly through: number;
  /**
   * Something that was addressed to the uid after the cursor may no longer be kept. Also where the journal is one instance's own and
   * has never given that number: the cursor is another instance's.
   */
  readonly gap: boolean;
  /** Nothing was above `through` when it was read. */
  readonly isLast: boolean;
}

/** An entry that was looked up by its id. */
export interface Found {
  /** 0: accepted, and not appended yet. */
  readonly mid: number;
  /** Undefined: not appended yet, retracted, or no longer kept (its mid is then at or below `completeSince`). */
  readonly message: Message | undefined;
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
 * A body is kept once; a mailbox is a list of references to bodies.
 */
export interface Journal {
  readonly guarantees: JournalGuarantees;

  /**
   * Begins to follow: the follower gets the entries that are appended from now on. Resolves at once when a store elsewhere cannot
   * be reached; the driver then connects by itself and `health` says why it is not ready. Rejects when a store of this
   * machine cannot be opened. Called once, before any append.
   */
  start(follower: Follower): Promise<void>;

  /**
   * Appends messages as one unit: all are numbered, in order and without another message between them, or none is. A caller's
   * id that was appended before, within the time that ids are remembered, is not appended again; where the journal survives the process no
   * id is, since an append may be repeated after a failure. When one message of the unit is a conflict, none is appended. Once
   * it resolves, the entries are kept at the level of `guarantees`.
   *
   * A message with `retracts` takes that entry out of every mailbox in the same step; it is a `duplicate` when that entry is not
   * kept any more.
   *
   * Rejects when the store does not answer within the deadline or refuses; the messages may then have been appended, and a
   * repeat with the same ids is harmless.
   *
   * `unit` names an append that may come again when its entries and ids are forgotten, as of a job that is redelivered: where
   * the journal survives the process the whole of it is a `duplicate` then, for a day or until `forgetUnit`.
   */
  append(messages: readonly Message[], unit?: string): Promise<readonly Appended[]>;

  /** The append of that name does not come again. It takes effect soon, and at the latest after a day. */
  forgetUnit(unit: string): void;

  /** The mid of the newest entry that the follower was told, or that was there at the start; 0 in an empty journal. */
  head(): number;

  /**
   * Entries with a mid above `after`, oldest first, at most `limit`. O(log kept + limit). What is older than the retention is
   * not there: compare `after` with `completeSince`.
   */
  read(after: number, limit: number): Promise<readonly Entry[]>;

  /** The mid from which on nothing is missing: every entry above it is still kept, or was retracted. */
  completeSince(): Promise<number>;

  /**
   * A page of a mailbox from what this process holds, without I/O; undefined when it does not hold everything above `after`, or was
   * not told of `after` yet. Its last page ends at `head()`: what the follower is told next comes right after it.
   * O(entries of the mailbox above `after`).
   */
  tail(uid: string, after: number, limits: PageLimits): MailboxPage | undefined;

  /** A page of a mailbox from the store itself, which may know more than the follower was told. Rejects as `append` does. */
  mailbox(uid: string, after: number, limits: PageLimits): Promise<MailboxPage>;

  /** Looks an id up. Undefined: not known (any more). May cost O(kept) where nobody looks often. Rejects as `append` does. */
  find(id: string): Promise<Found | undefined>;

  /**
   * Notes that a client of the uid has handled everything up to `mid`. A uid's ack cursor only rises. It is stored soon, not at
   * once: a crash may lose the newest acknowledgements.
   */
  acknowledge(uid: string, mid: number): void;

  /** The ack cursor of each uid, in their order; 0 where none is known. Rejects as `append` does. */
  ackedBy(uids: readonly string[]): Promise<readonly number[]>;

  health(): Health;

  /** Ends following and frees the store's connections. Appends in flight are awaited first, within the deadline. */
  stop(): Promise<void>;
}
