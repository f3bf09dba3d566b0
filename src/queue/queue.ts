import type { Health } from '../journal/journal.ts';
import type { Message } from '../message/message.ts';

/** What accepting means, as data: the answer to the backend, the start-up lines and the contract suite read it. */
export interface QueueGuarantees {
  /** An accepted message is still delivered after this process has ended. False: the answer says `"accepted":"volatile"`. */
  readonly survivesProcess: boolean;
  /** Many instances may share the queue: a message accepted by one reaches the sockets of all. */
  readonly manyInstances: boolean;
  /** It can hold a message until its `deliverAtMs`. False: such a message is refused before it gets here. */
  readonly schedules: boolean;
}

/**
 * Whether messages were accepted. `reason` is a sentence for the backend, without secrets. `id_conflict`: an id was used before
 * for another message; `conflicts` are the indexes of such messages.
 */
export type Accepted =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: 'queue_unavailable' | 'queue_full'; readonly reason: string }
  | {
      readonly ok: false;
      readonly code: 'id_conflict';
      readonly reason: string;
      readonly conflicts: readonly number[];
    };

/** A message that waits for its time. */
export interface Scheduled {
  readonly id: string;
  /** Unix milliseconds. */
  readonly deliverAtMs: number;
  readonly expiresAtMs: number;
}

/** Messages that the queue has given up, together: kept until somebody looks. */
export interface Failed {
  /** What `retry` takes. */
  readonly job: string;
  readonly ids: readonly string[];
  readonly reason: string;
  readonly failedAtMs: number;
}

/** How many jobs, each of one scheduled message or of a group of others, are in each state. */
export interface JobCounts {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
}

/** A part of a longer list. */
export interface Listed<Item> {
  readonly total: number;
  readonly items: readonly Item[];
}

/** What a queue that schedules holds back, and what failed there for good. Every call rejects when the store does not answer. */
export interface Backlog {
  /** The soonest first. */
  scheduled(from: number, limit: number): Promise<Listed<Scheduled>>;
  /** The one of this id, wherever it stands in the list; undefined: it waits for no time (any more). O(1). */
  findScheduled(id: string): Promise<Scheduled | undefined>;
  /** Takes a message out that was not handed on yet. False: there is none of this id. May cost O(waiting). */
  cancel(id: string): Promise<boolean>;
  /** The newest first. */
  failed(from: number, limit: number): Promise<Listed<Failed>>;
  /** Tries it again, from the start. False: there is no such job. */
  retry(job: string): Promise<boolean>;
  /** For the graph. `delayed` are scheduled messages and those that are tried again after a failure. */
  counts(): Promise<JobCounts>;
}

/**
 * How a message is accepted and handed on to the journal. A queue knows no sockets and delivers nothing itself: every accepted
 * message goes through `Journal.append`, which tells every instance.
 */
export interface Queue {
  readonly guarantees: QueueGuarantees;

  /** Begins to hand on. Resolves at once when the store cannot be reached; the queue connects by itself. */
  start(): Promise<void>;

  /**
   * Accepts messages whole or not at all. It answers within the deadline, also when the store hangs; not accepted in time is
   * `queue_unavailable`, and the messages may still be delivered. A plain value instead of a promise is the fast path of a
   * queue that needs no I/O. Never throws or rejects.
   *
   * A caller's id that was accepted before with the same fingerprint is accepted again and delivered once.
   *
   * Messages of one call are appended in their order; of two calls, one after the other's answer, in that order for `list`
   * and `redis`.
   */
  accept(messages: readonly Message[]): Accepted | Promise<Accepted>;

  health(): Health;

  /** Null where `guarantees.schedules` is false. */
  readonly backlog: Backlog | null;

  /** Hands on what was accepted, as far as its guarantees ask for it, then frees its connections. */
  stop(): Promise<void>;
}
