import { createLinkedJournal, type LinkedJournal } from '../../src/cluster/linked-journal.ts';
import { Hub } from '../../src/hub/hub.ts';
import { createCounters } from '../../src/ops/counters.ts';
import { createLinkPair, type LinkEnd } from './link-pipe.ts';
import { retention } from './linked-run.ts';

/** The most that waits for a client of it. */
export const budgetBytes = 2000;

export interface SeamClock {
  readonly now: () => number;
  readonly machineMs: () => number;
}

/** A worker without a process: its journal, its hub, and both ends of its link. */
export interface SeamWorker {
  readonly journal: LinkedJournal;
  readonly hub: Hub;
  readonly ends: readonly [worker: LinkEnd, supervisor: LinkEnd];
  isUp: boolean;
}

/** It follows its journal once `started` resolves, for which its link has to carry something. */
/** `machineMs` passes with each look at it: what comes after another is later. */
export function createSeamWorker(
  number: number,
  { now, machineMs }: SeamClock,
): { worker: SeamWorker; started: Promise<void> } {
  const ends = createLinkPair();
  const connect = () => Promise.resolve(ends[0]);
  const clock = { now, isExpired: () => false };
  const journal = createLinkedJournal(
    { connect, now, machineMs, onExpired: () => {}, onLost: () => {} },
    { worker: number, guarantees: { survivesProcess: false, shared: false }, retention, deadlineMs: 1_000_000 },
  );
  const hub = new Hub(
    { clock, monotonicMs: now, mailboxes: journal, counters: createCounters() },
    {
      maxConnections: 1000,
      connectionBudgetBytes: budgetBytes,
      behindTimeoutMs: 1_000_000,
    },
  );
  return { worker: { journal, hub, ends, isUp: true }, started: journal.start((entries) => hub.publish(entries)) };
}
