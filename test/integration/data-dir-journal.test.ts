import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../../src/journal/journal.ts';
import { createRetraction } from '../../src/message/message.ts';
import { sampleMessage, sampleMessages } from '../contract/sample-message.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { hourMs, openJournal } from './disk-journal.ts';

const page = { entries: 1000, bytes: 1024 * 1024 };

test('mailboxes, cursors, ids, retractions and numbers are there after a stop', async (t) => {
  const dir = await makeTempDir(t);
  let nowMs = 1_800_000_000_000;
  const first = await openJournal(t, dir, { nowMs: () => nowMs });
  const mine = sampleMessages(3, { uids: ['mine'] });
  const toAll = sampleMessage({ uids: null });
  const named = sampleMessage({ id: 'named', fingerprint: 'f'.repeat(22) });
  await first.journal.append([...mine, toAll, named]);
  const taken = first.told[1] as Entry;
  const [retraction] = await first.journal.append([createRetraction(taken, 'r1')]);
  assert.equal(retraction?.outcome, 'appended');
  first.journal.acknowledge('mine', 7);
  first.journal.acknowledge('mine', first.told[0]?.mid ?? 0);
  const since = await first.journal.completeSince();
  const before = await first.journal.mailbox('mine', since, page);
  assert.equal(before.entries.length, 4);
  await first.journal.stop();

  // The clock of the machine was put back meanwhile.
  nowMs -= 60_000;
  const { journal, told } = await openJournal(t, dir, { nowMs: () => nowMs });
  assert.deepEqual(told, [], 'nothing of before is told');
  assert.equal(journal.head(), first.journal.head());
  assert.equal(await journal.completeSince(), since);
  assert.deepEqual(await journal.mailbox('mine', since, page), before);
  assert.equal((await journal.mailbox('mine', since - 1, page)).gap, true);
  assert.deepEqual(journal.tail('mine', since, page), before);
  assert.deepEqual(await journal.ackedBy(['mine', 'other']), [first.told[0]?.mid, 0]);
  assert.deepEqual(await journal.find(taken.message.id), { mid: taken.mid, message: undefined });
  assert.equal((await journal.find('named'))?.mid, first.told[4]?.mid);
  assert.deepEqual(await journal.append([named]), [{ mid: first.told[4]?.mid, outcome: 'duplicate' }]);
  const conflict = await journal.append([sampleMessage(), { ...named, fingerprint: 'g'.repeat(22) }]);
  assert.deepEqual(
    conflict.map(({ outcome }) => outcome),
    ['refused', 'conflict'],
  );
  assert.deepEqual(await journal.append([createRetraction(taken, 'r2')]), [{ mid: 0, outcome: 'duplicate' }]);
  const [next] = await journal.append([sampleMessage()]);
  assert.ok((next?.mid ?? 0) > first.journal.head(), 'numbers rise');
});

test('ids outlive their entries, and are forgotten at their time, also over a restart', async (t) => {
  const dir = await makeTempDir(t);
  let nowMs = 1_800_000_000_000;
  const first = await openJournal(t, dir, { nowMs: () => nowMs });
  const early = sampleMessage({ id: 'early', fingerprint: 'f' });
  await first.journal.append([early]);
  nowMs += 2 * hourMs;
  const late = sampleMessage({ id: 'late', fingerprint: 'f' });
  await first.journal.append([late]);
  assert.deepEqual(
    (await first.journal.read(0, 10)).map(({ message }) => message.id),
    ['late'],
  );
  await first.journal.stop();

  const { journal } = await openJournal(t, dir, { nowMs: () => nowMs });
  assert.deepEqual(
    (await journal.read(0, 10)).map(({ message }) => message.id),
    ['late'],
  );
  assert.ok((await journal.completeSince()) >= (first.told[0]?.mid ?? Infinity));
  assert.equal((await journal.append([early]))[0]?.outcome, 'duplicate');
  nowMs += 23 * hourMs;
  assert.equal((await journal.append([early]))[0]?.outcome, 'appended', 'a day is over');
  assert.equal((await journal.append([late]))[0]?.outcome, 'duplicate');
  await journal.stop();

  const third = await openJournal(t, dir, { nowMs: () => nowMs });
  assert.equal((await third.journal.append([early]))[0]?.outcome, 'duplicate');
  assert.equal((await third.journal.append([late]))[0]?.outcome, 'duplicate');
});
