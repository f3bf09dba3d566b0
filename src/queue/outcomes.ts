import type { Appended } from '../journal/journal.ts';
import type { Accepted } from './queue.ts';

const accepted: Accepted = { ok: true };

/** What an append means for the backend: all but a conflict is what it asked for, now or before. */
export function acceptedBy(appended: readonly Appended[]): Accepted {
  if (appended.every(({ outcome }) => outcome !== 'conflict')) return accepted;
  const conflicts = appended.flatMap(({ outcome }, index) => (outcome === 'conflict' ? [index] : []));
  return { ok: false, code: 'id_conflict', reason: 'This id was used before, for another message.', conflicts };
}
