import type { Message } from '../message/message.ts';
import type { CallerIds } from './caller-ids.ts';
import type { Appended } from './journal.ts';

/**
 * The answer to an append that holds a conflict, of which nothing is appended; undefined when there is none. An id that stands
 * twice among the messages is compared with itself as well.
 */
export function refuseConflicts(
  messages: readonly Message[],
  ids: Pick<CallerIds, 'get'>,
): readonly Appended[] | undefined {
  if (messages.every(({ fingerprint }) => fingerprint === '')) return undefined;
  const seen = new Map<string, string>();
  const conflicts = new Set<Message>();
  for (const message of messages) {
    const { id, fingerprint } = message;
    if (fingerprint === '') continue;
    const first = ids.get(id)?.fingerprint ?? seen.get(id) ?? fingerprint;
    seen.set(id, first);
    if (first !== fingerprint) conflicts.add(message);
  }
  if (conflicts.size === 0) return undefined;
  return messages.map((message) => ({ mid: 0, outcome: conflicts.has(message) ? 'conflict' : 'refused' }));
}
