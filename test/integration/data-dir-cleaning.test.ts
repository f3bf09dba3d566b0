import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AckCursors } from '../../src/journal/ack-cursors.ts';
import { CallerIds } from '../../src/journal/caller-ids.ts';
import { diskFiles } from '../../src/journal/disk-files.ts';
import type { Kept } from '../../src/journal/disk-kept.ts';
import { openDiskStore } from '../../src/journal/disk-store.ts';
import { MailboxLog } from '../../src/journal/mailbox-log.ts';
import { createSignal } from '../../src/journal/signal.ts';
import type { Message } from '../../src/message/message.ts';
import { sampleMessage } from '../contract/sample-message.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { copyAsOfNow, hourMs, openJournal, withFaults } from './disk-journal.ts';

const sizes = { leastBytes: 16 * 1024, mostBytes: 16 * 1024 };

/** Of the segments, by what the disk gives them. One that is being taken away may go between the two calls. */
function usedBytes(dir: string, log: string): number {
  let bytes = 0;
  for (const name of readdirSync(dir)) {
    if (!name.startsWith(`${log}-`)) continue;
    bytes += (statSync(join(dir, name), { throwIfNoEntry: false })?.blocks ?? 0) * 512;
  }
  return bytes;
}

/** Of the oldest segment. */
function oldest(dir: string, log: string): number {
  return Math.min(
    ...readdirSync(dir).flatMap((name) => (name.startsWith(`${log}-`) ? [Number(/\d+/.exec(name)?.[0])] : [])),
  );
}

test('entries that are not kept go from the disk; ids that are remembered stay, also after a crash', async (t) => {
  const [dir, crashed] = [await makeTempDir(t), await makeTempDir(t)];
  let nowMs = 1_800_000_000_000;
  const parts = { nowMs: () => nowMs, sizes, bounds: { bytes: 32 * 1024, messages: 100, ids: 300 } };
  const { journal, events } = await openJournal(t, dir, parts);
  const accepted: { named: Message; mid: number | undefined }[] = [];
  let mostBytes = 0;
  for (let round = 0; round < 600; round += 1) {
    nowMs += 1000;
    const named = sampleMessage({ id: `id-${round}`, fingerprint: 'f'.repeat(22), push: 'x'.repeat(1000) });
    // Ids at first; then only posts without one, while the ids must be kept.
    const messages = round < 300 ? [named] : [sampleMessage({ push: 'x'.repeat(1000) })];
    const [appended] = await journal.append(messages);
    if (round < 300) accepted.push({ named, mid: appended?.mid });
    mostBytes = Math.max(mostBytes, usedBytes(dir, 'journal'));
  }
  assert.ok(oldest(dir, 'journal') > 20, `the oldest segment is ${oldest(dir, 'journal')}`);
  // 32 KiB of entries, ids of 300 * 50 bytes twice, one segment, two that are being taken away, the one that is written and two that were made.
  const bound = 32 * 1024 + 2 * 300 * 50 + 6 * 16 * 1024;
  assert.ok(mostBytes <= bound, `${mostBytes} bytes of ${bound}`);
  assert.deepEqual(events, []);
  const kept = await journal.read(0, 1000);
  const since = await journal.completeSince();
  copyAsOfNow(dir, crashed);
  await journal.stop();

  for (const place of [dir, crashed]) {
    const next = await openJournal(t, place, parts);
    assert.deepEqual(await next.journal.read(0, 1000), kept);
    assert.equal(await next.journal.completeSince(), since);
    for (const { named, mid } of accepted) {
      assert.deepEqual(await next.journal.append([named]), [{ mid, outcome: 'duplicate' }]);
    }
    // One more than are remembered: the oldest goes, wherever it stands on the disk.
    await next.journal.append([sampleMessage({ fingerprint: 'f' })]);
    const [first, ...others] = accepted;
    for (const { named } of others) assert.equal((await next.journal.append([named]))[0]?.outcome, 'duplicate');
    assert.equal((await next.journal.append([first?.named ?? sampleMessage()]))[0]?.outcome, 'appended');
    await next.journal.stop();
  }
});

test('when segments cannot be taken away the disk is not filled: posts wait for it', async (t) => {
  const dir = await makeTempDir(t);
  const { files, before } = withFaults();
  const bounds = { bytes: 32 * 1024 };
  const { journal } = await openJournal(t, dir, { files, sizes, bounds, deadlineMs: 300 });
  const end = createSignal();
  // Not the remains of a segment before it is made.
  before.remove = (path) => (path.endsWith('.log') && existsSync(path) ? end.promise : undefined);
  const fill = async (): Promise<void> => {
    for (let round = 0; round < 500; round += 1) await journal.append([sampleMessage({ push: 'x'.repeat(1000) })]);
  };
  await assert.rejects(fill(), /has not been written within 300 ms/);
  assert.ok(usedBytes(dir, 'journal') <= 32 * 1024 + 7 * 16 * 1024, `${usedBytes(dir, 'journal')} bytes`);
  end.resolve();
  await eventually(() => (journal.health().ok ? true : undefined), 'health');
  await fill();
});

test('a segment with an entry that is kept stays', async (t) => {
  const dir = await makeTempDir(t);
  const { journal } = await openJournal(t, dir, { sizes });
  for (let round = 0; round < 90; round += 1) await journal.append([sampleMessage({ push: 'x'.repeat(1000) })]);
  const kept = await journal.read(0, 1000);
  await journal.stop();
  assert.deepEqual([kept.length, oldest(dir, 'journal')], [90, 1]);
  const next = await openJournal(t, dir, { sizes });
  assert.deepEqual(await next.journal.read(0, 1000), kept);
});

test('ids that are not remembered any more are not written again', async (t) => {
  const dir = await makeTempDir(t);
  let nowMs = 1_800_000_000_000;
  const parts = { nowMs: () => nowMs, sizes, bounds: { bytes: 16 * 1024, ids: 1000 } };
  const { journal } = await openJournal(t, dir, parts);
  const post = (id: string) => journal.append([sampleMessage({ id, fingerprint: 'f'.repeat(22), uids: ['u'] })]);
  for (let number = 0; number < 1000; number += 1) await post(`early-${number}`);
  nowMs += 25 * hourMs;
  for (let number = 0; number < 300; number += 1) await post(`late-${number}`);
  assert.ok(usedBytes(dir, 'journal') < 140 * 1024, `${usedBytes(dir, 'journal')} bytes`);
  await journal.stop();
  const next = await openJournal(t, dir, parts);
  const outcome = async (id: string) =>
    (await next.journal.append([sampleMessage({ id, fingerprint: 'g'.repeat(22) })]))[0]?.outcome;
  assert.equal(await outcome('early-999'), 'appended');
  assert.equal(await outcome('late-0'), 'conflict');
});

/** A store with what memory keeps beside it, in a journal that has one entry of each mid up to `last`. */
async function openStore(scope: Scope, dir: string) {
  const bounds = {
    messages: 1000,
    bytes: 1024 * 1024,
    mailboxMessages: 10,
    broadcastMessages: 10,
    idMs: hourMs,
    ids: 10,
  };
  const kept: Kept = { log: new MailboxLog(bounds), callerIds: new CallerIds(bounds), acks: new AckCursors() };
  const failed = (what: string): never => assert.fail(what);
  const store = await openDiskStore(
    { files: diskFiles, kept, onTorn: failed, onUntidy: failed },
    {
      begin: (mid) => kept.log.startAt(mid),
      entry: (entry) => kept.log.append(entry),
      id: () => {},
      ack: (uid, mid) => void kept.acks.raise(uid, mid),
    },
    { dir, sizes },
  );
  endWith(scope, () => store.close());
  if (store.isNew) await store.begin(0);
  return { store, kept };
}

test('acknowledgements of what is kept stay, the others go, and the disk that they take is bounded', async (t) => {
  const [dir, crashed] = [await makeTempDir(t), await makeTempDir(t)];
  const { store, kept } = await openStore(t, dir);
  const acknowledge = async (uids: readonly string[], mid: number): Promise<void> => {
    for (const uid of uids) kept.acks.raise(uid, mid);
    await store.commitAcks(uids.map((uid) => [uid, mid] as const));
  };
  for (let mid = 1; mid <= 200; mid += 1) {
    const entry = { mid, message: sampleMessage() };
    await store.commit({ last: mid - 1, entries: [entry], ids: [] });
    kept.log.append(entry);
  }
  const [gone, quiet, busy] = ['gone', 'quiet', 'busy'].map((name) =>
    Array.from({ length: 300 }, (_, number) => `${name}-${number}-${'x'.repeat(80)}`),
  ) as [string[], string[], string[]];
  await acknowledge(gone, 10);
  await acknowledge(quiet, 60);
  kept.log.dropThrough(50);
  let mostBytes = 0;
  for (let mid = 51; mid <= 200; mid += 1) {
    await acknowledge(busy, mid);
    mostBytes = Math.max(mostBytes, usedBytes(dir, 'acks'));
  }
  const [segment, each] = [256 * 1024, 10 + 3 * 90];
  assert.ok(mostBytes < 2 * 900 * each + 6 * segment, `${mostBytes} bytes`);
  assert.ok(oldest(dir, 'acks') > 3, `the oldest segment is ${oldest(dir, 'acks')}`);
  copyAsOfNow(dir, crashed);
  await store.close();
  for (const place of [dir, crashed]) {
    const next = await openStore(t, place);
    const all = (uids: readonly string[]): number[] => [...new Set(uids.map((uid) => next.kept.acks.get(uid)))];
    assert.deepEqual([all(gone), all(quiet), all(busy)], [[0], [60], [200]]);
    await next.store.close();
  }
});
