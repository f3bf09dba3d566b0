import type { Journal } from '../journal/journal.ts';
import { acceptedBy } from './outcomes.ts';
import type { Queue } from './queue.ts';

/**
 * The queue of a journal that survives the process, on Redis or on disk: accepting is appending. What is accepted is numbered and
 * stored. The deadline is the journal's.
 */
export function createDirectQueue({ journal }: { readonly journal: Journal }): Queue {
  const { survivesProcess, shared } = journal.guarantees;
  return {
    guarantees: { survivesProcess, manyInstances: shared, schedules: false },
    start: () => Promise.resolve(),
    async accept(messages) {
      try {
        return acceptedBy(await journal.append(messages));
      } catch (error) {
        return { ok: false, code: 'queue_unavailable', reason: error instanceof Error ? error.message : String(error) };
      }
    },
    health: () => journal.health(),
    backlog: null,
    stop: () => Promise.resolve(),
  };
}
