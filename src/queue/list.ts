import type { Appended, Journal } from '../journal/journal.ts';
import type { Message } from '../message/message.ts';
import { acceptedBy } from './outcomes.ts';
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

/** Messages that are appended together. */
interface Unit {
  readonly messages: Message[];
  /** Wants to know what became of them; undefined: they are answered already. */
  readonly settle: ((appended: readonly Appended[]) => void) | undefined;
}

const accepted: Accepted = { ok: true };

/** Waiting for it lets the caller answer its backend first. */
const answered = Promise.resolve();

/**
 * The queue of a single process: a FIFO, handed to the journal as soon as the backend has its answer; what comes while the journal
 * is busy goes to it as one group. Accepting costs one push. Only messages under a caller's id are answered after their append, since
 * it alone knows whether the id was used for something else.
 */
export function createListQueue({ journal, onLost }: ListQueueDeps, { maxWaiting }: ListQueueOptions): Queue {
  const full: Accepted = {
    ok: false,
    code: 'queue_full',
    reason: `More than ${maxWaiting} accepted messages wait to be handed on.`,
  };
  let waiting: Unit[] = [];
  let waitingMessages = 0;
  let draining: Promise<void> | undefined;

  async function drain(): Promise<void> {
    await answered;
    while (waiting.length > 0) {
      const units = waiting;
      waiting = [];
      waitingMessages = 0;
      for (const unit of units) await append(unit);
    }
    draining = undefined;
  }

  async function append({ messages, settle }: Unit): Promise<void> {
    try {
      const appended = await journal.append(messages);
      settle?.(appended);
    } catch (error) {
      onLost(messages, error);
      settle?.([]);
    }
  }

  function push(messages: readonly Message[], settle: Unit['settle']): void {
    const last = waiting.at(-1);
    if (settle !== undefined || last === undefined || last.settle !== undefined) {
      waiting.push({ messages: [...messages], settle });
    } else {
      for (const message of messages) last.messages.push(message);
    }
    waitingMessages += messages.length;
    draining ??= drain();
  }

  return {
    guarantees: { survivesProcess: false, manyInstances: false, schedules: false },
    start: () => Promise.resolve(),
    accept(messages) {
      if (waitingMessages + messages.length > maxWaiting) return full;
      if (messages.some(({ fingerprint }) => fingerprint !== '')) {
        return new Promise((resolve) => push(messages, (appended) => resolve(acceptedBy(appended))));
      }
      push(messages, undefined);
      return accepted;
    },
    health: () => journal.health(),
    backlog: null,
    stop: async () => draining,
  };
}
