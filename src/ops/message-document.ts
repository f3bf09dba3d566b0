import type { Found } from '../journal/journal.ts';
import type { Failed, Scheduled } from '../queue/queue.ts';
import type { Drop } from './drops.ts';
import type { ReceiptAnswer } from './receipt-question.ts';

/** Why nobody gets the message any more who has not got it. */
export type DroppedReason = 'expired' | 'retracted' | 'cancelled' | 'failed' | 'lost' | 'not_kept';

/** Where a message is, in one word. */
export type MessageState = 'accepted' | 'scheduled' | 'appended' | DroppedReason;

export interface Dropped {
  readonly reason: DroppedReason;
  readonly where: 'queue' | 'append' | 'hub' | 'journal';
  /** Null: not known. */
  readonly at: number | null;
  /** Of a failed one: what `POST /failed/:job/retry` takes, and why it failed. */
  readonly job?: string;
  readonly detail?: string;
}

/** Null where it cannot be told any more. */
export interface UidDocument {
  readonly uid: string;
  readonly addressed: boolean | null;
  readonly acked: boolean | null;
}

/** `GET /messages/:id`. Instants are Unix milliseconds; null: there is none, or nobody knows it. docs/admin.md is its contract. */
export interface MessageDocument {
  readonly id: string;
  readonly state: MessageState;
  readonly accepted: true;
  readonly appended: boolean;
  readonly mid: number | null;
  readonly appended_at: number | null;
  readonly deliver_at: number | null;
  readonly expires_at: number | null;
  readonly topic: 'uids' | 'all' | null;
  readonly types: string | null;
  readonly matched: number | null;
  readonly written: number | null;
  readonly counted: { readonly since: number; readonly instances: number; readonly answered: number } | null;
  readonly expired: boolean;
  readonly retracted: boolean;
  readonly dropped: Dropped | null;
  readonly acked: number | null;
  readonly uids: readonly UidDocument[] | null;
}

/** What is known of a message, from wherever. */
export interface MessageFacts {
  readonly id: string;
  readonly found: Found | undefined;
  /** It can be in the journal no more: its mid is not above what the journal is complete from. */
  readonly isForgotten: boolean;
  /** By the clock that the hops go by. */
  readonly isExpired: boolean;
  readonly scheduled: Scheduled | undefined;
  readonly failed: Failed | undefined;
  readonly answers: readonly ReceiptAnswer[];
  readonly instances: number;
  /** Whose acknowledgements are wanted, and their ack cursors. */
  readonly uids: readonly string[] | undefined;
  readonly cursors: readonly number[];
}

/** Undefined: nobody knows the message. */
export function describeMessage(facts: MessageFacts): MessageDocument | undefined {
  const { id, found, scheduled, answers, instances } = facts;
  const dropped = droppedOf(facts);
  if (found === undefined && scheduled === undefined && dropped === null) return undefined;
  const mid = found === undefined || found.mid === 0 ? null : found.mid;
  const message = found?.message;
  const counts = mid === null ? [] : answers.flatMap(({ receipt }) => receipt ?? []);
  const uids = uidsOf(facts);
  return {
    id,
    state: dropped?.reason ?? (mid !== null ? 'appended' : scheduled === undefined ? 'accepted' : 'scheduled'),
    accepted: true,
    appended: mid !== null,
    mid,
    appended_at: mid === null ? null : Math.floor(mid / 1000),
    deliver_at: scheduled?.deliverAtMs ?? null,
    expires_at: instantOrNull(message?.expiresAtMs ?? scheduled?.expiresAtMs ?? 0),
    topic: message === undefined ? null : message.uids === null ? 'all' : 'uids',
    types: message?.type ?? null,
    matched: counts.length === 0 ? null : sum(counts.map(({ matched }) => matched)),
    written: counts.length === 0 ? null : sum(counts.map(({ written }) => written)),
    counted:
      counts.length === 0
        ? null
        : {
            since: Math.max(...answers.map(({ sinceMs }) => Math.floor(sinceMs))),
            instances,
            answered: answers.length,
          },
    expired: dropped?.reason === 'expired',
    retracted: dropped?.reason === 'retracted',
    dropped,
    acked: uids === null || uids.some(({ acked }) => acked === null) ? null : uids.filter(({ acked }) => acked).length,
    uids,
  };
}

function droppedOf({ found, isForgotten, isExpired, scheduled, failed, answers }: MessageFacts): Dropped | null {
  const drop = newest(answers.flatMap((answer) => answer.drop ?? []));
  if (found !== undefined && found.mid > 0) {
    const { message } = found;
    if (message === undefined) {
      return { reason: isForgotten ? 'not_kept' : 'retracted', where: 'journal', at: null };
    }
    if (!isExpired) return null;
    return { reason: 'expired', where: drop?.where === 'hub' ? 'hub' : 'journal', at: message.expiresAtMs };
  }
  if (scheduled !== undefined) return null;
  // Who takes a message back after its job has failed has the last word: the job appends nothing if it is tried again.
  const isTakenBack = drop?.reason === 'cancelled' && drop.atMs >= (failed?.failedAtMs ?? 0);
  if (failed !== undefined && !isTakenBack) {
    const { job, reason: detail, failedAtMs: at } = failed;
    return { reason: 'failed', where: 'queue', at, job, detail };
  }
  return drop === undefined ? null : { reason: drop.reason, where: drop.where, at: drop.atMs };
}

/** The same id may have been posted again after it was dropped. */
function newest(drops: readonly Drop[]): Drop | undefined {
  return [...drops].sort((one, other) => other.atMs - one.atMs)[0];
}

/** A uid has acknowledged a message that is for it and not above its ack cursor: no row is kept per delivery. */
function uidsOf({ found, uids, cursors }: MessageFacts): readonly UidDocument[] | null {
  if (uids === undefined) return null;
  if (found === undefined || found.mid === 0) return uids.map((uid) => ({ uid, addressed: null, acked: false }));
  const { mid, message } = found;
  if (message === undefined) return uids.map((uid) => ({ uid, addressed: null, acked: null }));
  const own = message.uids === null ? undefined : new Set(message.uids);
  return uids.map((uid, index) => {
    const addressed = own === undefined || own.has(uid);
    return { uid, addressed, acked: addressed && (cursors[index] ?? 0) >= mid };
  });
}

function instantOrNull(instantMs: number): number | null {
  return instantMs === 0 ? null : instantMs;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
