import assert from 'node:assert/strict';
import type { Entry, Journal, JournalGuarantees, MailboxPage, Outcome, Retention } from '../../src/journal/journal.ts';
import type { Clock } from '../../src/message/clock.ts';
import type { Message } from '../../src/message/message.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { machineClock } from './machine-clock.ts';
import { plenty } from './redis-place.ts';
import { createTold, type Told } from './told.ts';

/** What a test gives every journal that it opens. */
export interface JournalParts {
  readonly retention: Retention;
  readonly clock: Clock;
  readonly onExpired: (message: Message) => void;
}

/** A store for one test: every journal that is opened on it is another instance. */
export interface JournalStore {
  create(parts: JournalParts): Journal;
}

export interface JournalDriver {
  readonly name: string;
  /** What the driver must say of itself: which tests there are follows from it. */
  readonly guarantees: JournalGuarantees;
  /** An empty store that ends with the scope. */
  openStore(scope: Scope): Promise<JournalStore>;
}

export interface Instance {
  readonly journal: Journal;
  readonly told: Told;
  readonly expired: readonly Message[];
  /** Stops the journal, once. */
  stop(): Promise<void>;
}

export interface OpenParts extends Partial<Retention> {
  readonly clock?: Clock;
  /** Called within each call of the follower. */
  readonly onTold?: (journal: Journal, entries: readonly Entry[]) => void;
}

/** Opens journals of a driver for tests. */
export function openerOf({ openStore }: JournalDriver) {
  async function open(scope: Scope, store: JournalStore, parts: OpenParts = {}): Promise<Instance> {
    const { clock, onTold, ...retention } = parts;
    const expired: Message[] = [];
    const journal = store.create({
      retention: { ...plenty, ...retention },
      clock: clock ?? machineClock,
      onExpired: (message) => void expired.push(message),
    });
    const told = createTold();
    let stopped: Promise<void> | undefined;
    const stop = (): Promise<void> => (stopped ??= journal.stop());
    endWith(scope, stop);
    await journal.start((entries) => {
      told.follower(entries);
      onTold?.(journal, entries);
    });
    assert.deepEqual(journal.health(), { ok: true });
    return { journal, told, expired, stop };
  }

  return {
    openStore,
    /** An instance on a store that others may be on. */
    open,
    openAlone: async (scope: Scope, parts?: OpenParts): Promise<Instance> => open(scope, await openStore(scope), parts),
  };
}

export type Opener = ReturnType<typeof openerOf>;

export const wholePage = { entries: 1_000_000, bytes: 1_000_000_000 };

/** A mailbox from the store in one page, which must be all there is. */
export async function readMailbox(journal: Journal, uid: string, after: number): Promise<MailboxPage> {
  const page = await journal.mailbox(uid, after, wholePage);
  assert.equal(page.isLast, true);
  return page;
}

/** Appends messages and gives their mids; each must be new. */
export async function appendNew(journal: Journal, messages: readonly Message[]): Promise<number[]> {
  const appended = await journal.append(messages);
  assert.deepEqual(
    appended.map(({ outcome }) => outcome),
    messages.map((): Outcome => 'appended'),
  );
  return appended.map(({ mid }) => mid);
}

export const idsOf = (entries: readonly Entry[]): string[] => entries.map(({ message }) => message.id);
export const midsOf = (entries: readonly Entry[]): number[] => entries.map(({ mid }) => mid);
