import { setTimeout as delay } from 'node:timers/promises';
import type { Found, Journal } from '../journal/journal.ts';
import type { Clock } from '../message/clock.ts';
import { createRetraction } from '../message/message.ts';
import type { Backlog } from '../queue/queue.ts';
import { askStore } from './ask-store.ts';
import type { Drops } from './drops.ts';
import type { DroppedReason } from './message-document.ts';
import type { MessageReader } from './message-reader.ts';

export interface TakeBackDeps {
  readonly journal: Pick<Journal, 'find' | 'append'>;
  readonly backlog: Backlog | null;
  readonly readMessage: MessageReader;
  readonly clock: Pick<Clock, 'isExpired'>;
  readonly drops: Drops;
  readonly newId: () => string;
}

/** `mid` is the message's own; null: it never had one. */
export interface TakenBack {
  readonly state: 'retracted' | 'cancelled';
  readonly mid: number | null;
}

/** `gone`: there is nothing to take back any more. `busy`: between the queue and the journal, ask again. */
export type TakeBack =
  TakenBack | { readonly state: 'unknown' | 'busy' } | { readonly state: 'gone'; readonly reason: DroppedReason };

/** How often, and how long apart, a message is looked for that has left the queue and is not in the journal yet. */
const maxTries = 10;
const triesApartMs = 50;

/**
 * Makes the function that takes a message back, wherever it is: out of the queue, or out of every mailbox, which tracked clients are
 * told. Harmless when repeated: the answer is the same, and nobody is told twice. Rejects with a StoreError; it may have been done.
 */
export function createTakeBack({ journal, backlog, readMessage, clock, drops, newId }: TakeBackDeps) {
  async function retract(id: string, { mid, message }: Found): Promise<TakeBack> {
    if (message === undefined) return asItStands(id);
    if (message.retracts !== 0) return { state: 'unknown' };
    if (clock.isExpired(message.expiresAtMs, mid)) return { state: 'gone', reason: 'expired' };
    const [appended] = await askStore(() => journal.append([createRetraction({ mid, message }, newId())]));
    return appended?.outcome === 'appended' ? { state: 'retracted', mid } : asItStands(id);
  }

  /** What somebody else, or the time, has done to it. */
  async function asItStands(id: string): Promise<TakeBack> {
    const document = await readMessage(id);
    if (document === undefined) return { state: 'unknown' };
    const { state, mid, dropped } = document;
    if (state === 'retracted' || state === 'cancelled') return { state, mid };
    return dropped === null ? { state: 'busy' } : { state: 'gone', reason: dropped.reason };
  }

  return async function takeBack(id: string): Promise<TakeBack> {
    for (let tries = 1; ; tries += 1) {
      const found = await askStore(() => journal.find(id));
      if (found !== undefined && found.mid > 0) return retract(id, found);
      const standing = await asItStands(id);
      if (!mayWait(standing)) return standing;
      if (backlog !== null && (await askStore(() => backlog.cancel(id)))) {
        drops.add(id, 'cancelled', 'queue');
        return { state: 'cancelled', mid: null };
      }
      if (standing.state !== 'busy' || tries === maxTries) return standing;
      await delay(triesApartMs);
    }
  };
}

/** A failed job may be tried again; and what the queue has not given an id to look up by, it may find all the same. */
function mayWait(standing: TakeBack): boolean {
  if (standing.state === 'gone') return standing.reason === 'failed';
  return standing.state === 'busy' || standing.state === 'unknown';
}
