import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createJournalServer } from '../../src/cluster/journal-server.ts';
import { createLinkedJournal, type LinkedJournal } from '../../src/cluster/linked-journal.ts';
import type { Entry, Health, Journal, Retention } from '../../src/journal/journal.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import type { Message } from '../../src/message/message.ts';
import { settled } from './hub-run.ts';
import { createLinkPair, type LinkEnd } from './link-pipe.ts';

export const retention: Retention = {
  messages: 1_000_000,
  bytes: 1_000_000_000,
  ageMs: 1_000_000_000,
  mailboxMessages: 1_000_000,
  broadcastMessages: 1_000_000,
  idMs: 1_000_000,
  ids: 1000,
};

export const deadlineMs = 500;

/** A worker's journal, and what it was told. */
export interface LinkedWorker {
  readonly journal: LinkedJournal;
  readonly ends: readonly [worker: LinkEnd, supervisor: LinkEnd];
  readonly told: Entry[];
  readonly expired: Message[];
  lost: number;
}

/** Workers and their supervisor in one process, on clocks and timers that the test owns. */
export function createLinkedRun({ mock }: TestContext, { maxWaitingBytes = 1_000_000 } = {}) {
  mock.timers.enable({ apis: ['setInterval', 'setImmediate', 'setTimeout'] });
  let nowMs = 1000;
  let health: Health = { ok: true };
  const broken: string[] = [];
  const clock = { now: () => nowMs, isExpired: (atMs: number) => atMs !== 0 && atMs <= nowMs };
  const memory = createMemoryJournal({ now: () => nowMs, clock, onExpired: () => {} }, retention);
  const journal: Journal = { ...memory, health: () => health };
  const server = createJournalServer(
    {
      journal,
      machineMs: () => nowMs,
      onBroken: (worker, reason) => void broken.push(`${worker}: ${reason}`),
      onLost: (_messages, error) => assert.fail(String(error)),
    },
    { maxWaitingBytes },
  );
  const workers: LinkedWorker[] = [];

  function tick(ms: number): void {
    nowMs += ms;
    mock.timers.tick(ms);
  }

  /** The supervisor does what it has read, and writes its answers. */
  async function serve(): Promise<void> {
    for (let turn = 0; turn < 3; turn += 1) {
      tick(0);
      await settled();
    }
  }

  /** Everything that was written so far arrives, and what it leads to. */
  async function arrive(): Promise<void> {
    for (let round = 0; round < 6; round += 1) {
      tick(1);
      for (const { ends } of workers) for (const end of ends) end.pass(1_000_000_000);
      await settled();
    }
  }

  return {
    journal,
    server,
    broken,
    arrive,
    serve,
    /** The ids of all that the supervisor's journal has. */
    appended: async () => (await journal.read(0, 1_000_000)).map(({ message: { id } }) => id),
    start: () => journal.start(server.follower),
    setHealth: (now: Health) => void (health = now),
    tick,
    /** As `tick`, but nothing that waits for a time goes on. */
    later: (ms: number) => void (nowMs += ms),
    async fork(uids: readonly string[] = []): Promise<LinkedWorker> {
      const ends = createLinkPair();
      const told: Entry[] = [];
      const expired: Message[] = [];
      const linked = createLinkedJournal(
        {
          connect: () => Promise.resolve(ends[0]),
          now: () => nowMs,
          machineMs: () => nowMs,
          onExpired: (message) => void expired.push(message),
          onLost: () => (worker.lost += 1),
        },
        {
          worker: workers.length + 1,
          guarantees: { survivesProcess: false, shared: false },
          retention,
          deadlineMs,
        },
      );
      const worker: LinkedWorker = { journal: linked, ends, told, expired, lost: 0 };
      workers.push(worker);
      server.accept(ends[1]);
      const started = linked.start((entries) => void told.push(...entries));
      await settled();
      await arrive();
      await started;
      const watching = uids.map(async (uid) => linked.watch(uid));
      await arrive();
      await Promise.all(watching);
      return worker;
    },
  };
}
