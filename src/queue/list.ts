import type { Journal } from '../journal/journal.ts';
import type { Message } from '../message/message.ts';
import type { Accepted, Queue } from './queue.ts';

export interface ListQueueDeps {
  readonly journal: Journal;
  /** Called when the journal refused what was accepted: those messages are lost, which `volatile` allows. */
  readonly onLost: (messages: readonly Message[], error: unknown) => void;
}

export interface ListQueueOptions {
  /** The most messages that wait for the journal; more are refused with `queue_full`. */
  readonly maxWaiting: number;
}

const accepted: Accepted = { ok: true };

/** Waiting for it lets the caller answer its backend first. */
const answered = Promise.resolve();

/**
 * The queue of a single process: a FIFO, handed to the journal as soon as the backend has its answer; what comes while the journal
 * is busy goes to it as one group. Accepting costs one push.
 */
export function createListQueue({ journal, onLost }: ListQueueDeps, { maxWaiting }: ListQueueOptions): Queue {
  const full: Accepted = {
    ok: false,
    code: 'queue_full',
    reason: `More than ${maxWaiting} accepted messages wait to be handed on.`,
  };
  let waiting: Message[] = [];
  let draining: Promise<void> | undefined;

  async function drain(): Promise<void> {
    await answered;
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      try {
        await journal.append(group);
      } catch (error) {
        onLost(group, error);
      }
    }
    draining = undefined;
  }

  return {
    guarantees: { survivesProcess: false, manyInstances: false },
    start: () => Promise.resolve(),
    accept(messages) {
      if (waiting.length + messages.length > maxWaiting) return full;
      for (const message of messages) waiting.push(message);
      draining ??= drain();
      return accepted;
    },
    health: () => journal.health(),
    stop: async () => draining,
  };
}
