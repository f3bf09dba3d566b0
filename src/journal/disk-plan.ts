import type { Clock } from '../message/clock.ts';
import type { Message } from '../message/message.ts';
import type { CallerIds, KnownId } from './caller-ids.ts';
import { refuseConflicts } from './conflicts.ts';
import type { RememberedId } from './disk-parts.ts';
import type { Appended, Entry } from './journal.ts';
import type { MailboxLog } from './mailbox-log.ts';

export interface Append {
  readonly messages: readonly Message[];
  /** As of `Journal.append`; empty: it has no name. */
  readonly unit: string;
}

/** What is known before an append: all of it is on disk. */
export interface Known {
  readonly log: MailboxLog;
  readonly callerIds: CallerIds;
  /** The mids of our own ids whose entries are kept. */
  readonly ownIds: Pick<ReadonlyMap<string, number>, 'get'>;
  readonly clock: Clock;
}

/** What some appends come to, once it is on disk: nothing is changed before. */
export interface AppendPlan {
  /** In the order of the calls and of their messages. */
  readonly answers: readonly (readonly Appended[])[];
  readonly entries: readonly Entry[];
  readonly ids: readonly RememberedId[];
  /** Mids that are taken back. */
  readonly retracted: readonly number[];
  readonly expired: readonly Message[];
}

/** Stands before the name of a unit where ids are remembered; no caller's id has a space. */
const unitPrefix = 'unit ';

/** Numbers what is new from `nextMid` on. `nowMs` is when the ids count from. Changes nothing. */
export function planAppends(
  calls: readonly Append[],
  { log, callerIds, ownIds, clock }: Known,
  { nextMid, nowMs }: { nextMid: number; nowMs: number },
): AppendPlan {
  const entries: Entry[] = [];
  const ids: RememberedId[] = [];
  const retracted = new Set<number>();
  const expired: Message[] = [];
  const newCallerIds = new Map<string, KnownId>();
  const newOwnIds = new Map<string, number>();
  const known = { get: (id: string) => newCallerIds.get(id) ?? callerIds.get(id) };

  function midOf({ id, fingerprint }: Message): number | undefined {
    return fingerprint === '' ? (newOwnIds.get(id) ?? ownIds.get(id)) : known.get(id)?.mid;
  }

  function append(message: Message): Appended {
    const before = midOf(message);
    if (before !== undefined) return { mid: before, outcome: 'duplicate' };
    const { id, fingerprint, retracts } = message;
    if (clock.isExpired(message.expiresAtMs)) {
      expired.push(message);
      return { mid: 0, outcome: 'expired' };
    }
    if (retracts !== 0) {
      if (retracted.has(retracts) || log.read(retracts - 1, 1)[0]?.mid !== retracts)
        return { mid: 0, outcome: 'duplicate' };
      retracted.add(retracts);
    }
    const mid = nextMid + entries.length;
    entries.push({ mid, message });
    if (fingerprint === '') {
      newOwnIds.set(id, mid);
    } else {
      remember(id, { mid, fingerprint, atMs: nowMs });
    }
    return { mid, outcome: 'appended' };
  }

  function remember(id: string, value: KnownId): void {
    newCallerIds.set(id, value);
    ids.push({ id, ...value });
  }

  function appendUnit({ messages, unit }: Append): readonly Appended[] {
    const id = `${unitPrefix}${unit}`;
    const before = unit === '' ? undefined : known.get(id);
    if (before !== undefined) return messages.map(() => ({ mid: before.mid, outcome: 'duplicate' }));
    const refused = refuseConflicts(messages, known);
    if (refused !== undefined) return refused;
    const answer = messages.map(append);
    const mid = entries.at(-1)?.mid;
    if (unit !== '' && mid !== undefined) remember(id, { mid, fingerprint: unitPrefix, atMs: nowMs });
    return answer;
  }

  const answers = calls.map(appendUnit);
  return { answers, entries, ids, retracted: [...retracted], expired };
}
