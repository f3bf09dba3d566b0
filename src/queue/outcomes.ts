import type { Appended } from '../journal/journal.ts';
import type { Accepted } from './queue.ts';

const accepted: Accepted = { ok: true };

/** What an append means for the backend: all but a conflict is what it asked for, now or before. */
export function acceptedBy(appended: readonly Appended[]): Accepted {
  return acceptedUnless(appended, ({ outcome }) => outcome === 'conflict');
}

/** Accepted, unless one of the results is a conflict. */
export function acceptedUnless<Result>(results: readonly Result[], isConflict: (result: Result) => boolean): Accepted {
  if (!results.some(isConflict)) return accepted;
  const conflicts = results.flatMap((result, index) => (isConflict(result) ? [index] : []));
  return { ok: false, code: 'id_conflict', reason: 'This id was used before, for another message.', conflicts };
}
