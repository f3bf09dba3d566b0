import type { Message } from '../message/message.ts';
import type { Accepted, Queue } from './queue.ts';

export interface HandedQueueDeps {
  /** Of the same journal, for messages under a caller's id. */
  readonly direct: Queue;
  /**
   * Gives messages to the process that appends them. Undefined: it will, whatever becomes of this one; else it will once the promise
   * resolves. It rejects within the deadline.
   */
  readonly hand: (messages: readonly Message[]) => Promise<void> | undefined;
}

const accepted: Accepted = { ok: true };

/**
 * The queue of a worker whose supervisor keeps the journal in memory: what is accepted is the supervisor's, as it is in the list of a single
 * process. Only messages under a caller's id are answered after their append, since it alone knows whether the id was used for something else.
 */
export function createHandedQueue({ direct, hand }: HandedQueueDeps): Queue {
  return {
    ...direct,
    accept(messages) {
      if (messages.some(({ fingerprint }) => fingerprint !== '')) return direct.accept(messages);
      return hand(messages)?.then(() => accepted, unavailable) ?? accepted;
    },
  };
}

function unavailable(error: unknown): Accepted {
  return { ok: false, code: 'queue_unavailable', reason: error instanceof Error ? error.message : String(error) };
}
