import type { Journal } from '../journal/journal.ts';
import type { Accepted, Queue } from './queue.ts';

const accepted: Accepted = { ok: true };

/**
 * The queue of many instances on one Redis. Accepting is appending to the journal: one script has then numbered the messages,
 * stored them and told every instance. The deadline is the journal's.
 */
export function createRedisQueue({ journal }: { readonly journal: Journal }): Queue {
  return {
    guarantees: { survivesProcess: true, manyInstances: true },
    start: () => Promise.resolve(),
    async accept(messages) {
      try {
        await journal.append(messages);
        return accepted;
      } catch (error) {
        return { ok: false, code: 'queue_unavailable', reason: error instanceof Error ? error.message : String(error) };
      }
    },
    health: () => journal.health(),
    stop: () => Promise.resolve(),
  };
}
