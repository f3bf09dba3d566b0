import type { Health } from '../journal/journal.ts';
import type { Message } from '../message/message.ts';

/** What accepting means, as data: the answer to the backend, the start-up lines and the contract suite read it. */
export interface QueueGuarantees {
  /** An accepted message is still delivered after this process has ended. False: the answer says `"accepted":"volatile"`. */
  readonly survivesProcess: boolean;
  /** Many instances may share the queue: a message accepted by one reaches the sockets of all. */
  readonly manyInstances: boolean;
}

/** Whether messages were accepted. `reason` is a sentence for the backend, without secrets. */
export type Accepted =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: 'queue_unavailable' | 'queue_full'; readonly reason: string };

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
   * Messages of one call are appended in their order; of two calls, one after the other's answer, in that order for `list`
   * and `redis`.
   */
  accept(messages: readonly Message[]): Accepted | Promise<Accepted>;

  health(): Health;

  /** Hands on what was accepted, as far as its guarantees ask for it, then frees its connections. */
  stop(): Promise<void>;
}
