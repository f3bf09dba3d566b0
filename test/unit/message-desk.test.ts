import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOneInstance } from '../../src/cluster/one-instance.ts';
import { Hub } from '../../src/hub/hub.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { createCounters } from '../../src/ops/counters.ts';
import { Drops } from '../../src/ops/drops.ts';
import { StoreError } from '../../src/ops/ask-store.ts';
import { createMessageDesk } from '../../src/ops/message-desk.ts';
import { sampleMessage } from '../contract/sample-message.ts';

const plenty = {
  messages: 1000,
  bytes: 1_000_000,
  ageMs: 1_000_000,
  mailboxMessages: 1000,
  broadcastMessages: 1000,
  idMs: 1_000_000,
  ids: 1000,
};

/** A desk on a journal in memory and a hub without connections, at a time that the test owns. */
async function createDesk(wrap: (journal: Journal) => Journal = (journal) => journal) {
  const time = { nowMs: 1000 };
  const now = (): number => time.nowMs;
  const clock = { now, isExpired: (atMs: number) => atMs !== 0 && atMs <= time.nowMs };
  const drops = new Drops(now);
  const journal = wrap(
    createMemoryJournal({ now, clock, onExpired: ({ id }) => drops.add(id, 'expired', 'append') }, plenty),
  );
  const hub = new Hub(
    {
      clock,
      monotonicMs: () => 0,
      mailboxes: journal,
      counters: createCounters(),
      onExpired: ({ id }) => drops.add(id, 'expired', 'hub'),
    },
    { maxConnections: 1, connectionBudgetBytes: 1000, behindTimeoutMs: 1000 },
  );
  const told: unknown[] = [];
  /** Between the journal and the hub. */
  let onTheWay = (): void => {};
  await journal.start((entries) => {
    onTheWay();
    told.push(...entries.map(({ message }) => message.id));
    hub.publish(entries);
  });
  let ids = 0;
  const newId = (): string => `retraction ${(ids += 1)}`;
  const peers = createOneInstance();
  const queue = { backlog: null };
  const desk = createMessageDesk({ journal, queue, hub, peers, clock, drops, newId, sinceMs: now() });
  return { ...desk, journal, time, told, onTheWay: (step: () => void) => (onTheWay = step) };
}

test('what expires between the journal and the hub has a number and says that it went to nobody', async () => {
  const { readMessage, journal, time, onTheWay } = await createDesk();
  onTheWay(() => (time.nowMs = 5000));
  await journal.append([sampleMessage({ id: 'm', expiresAtMs: 5000 })]);
  const document = await readMessage('m');
  assert.deepEqual(
    [document?.state, document?.appended, document?.dropped?.where, document?.matched],
    ['expired', true, 'hub', null],
  );
});

test('the entry that takes a message back is no message: it is not known, and is not taken back', async () => {
  const { readMessage, takeBack, journal, told } = await createDesk();
  await journal.append([sampleMessage({ id: 'm' })]);
  assert.equal((await takeBack('m')).state, 'retracted');
  assert.deepEqual(told, ['m', 'retraction 1']);
  assert.equal(await readMessage('retraction 1'), undefined);
  assert.deepEqual(await takeBack('retraction 1'), { state: 'unknown' });
  assert.deepEqual(told, ['m', 'retraction 1']);
});

test('what has expired is not taken back, although it is kept', async () => {
  const { readMessage, takeBack, journal, time, told } = await createDesk();
  await journal.append([sampleMessage({ id: 'm', expiresAtMs: 5000 })]);
  time.nowMs = 5000;
  assert.deepEqual(await takeBack('m'), { state: 'gone', reason: 'expired' });
  assert.equal((await readMessage('m'))?.state, 'expired');
  assert.deepEqual(told, ['m']);
});

test('a store that does not answer is a StoreError with its reason, wherever it is asked', async () => {
  for (const name of ['find', 'ackedBy', 'completeSince', 'append'] as const) {
    const away = (): Promise<never> => Promise.reject(new Error('Redis at localhost:6379 does not answer.'));
    let isAway = false;
    const { readMessage, takeBack, journal } = await createDesk((inner) => ({
      ...inner,
      [name]: (...args: readonly never[]) =>
        isAway ? away() : (inner[name] as (...all: readonly never[]) => unknown)(...args),
    }));
    await journal.append([sampleMessage({ id: 'm' }), sampleMessage({ id: 'other' })]);
    await takeBack('other');
    isAway = true;
    const ask = { find: 'm', ackedBy: 'm', completeSince: 'other', append: undefined }[name];
    const asking = ask === undefined ? takeBack('m') : readMessage(ask, ['1']);
    await assert.rejects(asking, (error) => error instanceof StoreError && error.message.startsWith('Redis at'), name);
  }
});
