import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry, MailboxPage, PageLimits } from '../../src/journal/journal.ts';
import { MailboxLog, type MailboxLogBounds } from '../../src/journal/mailbox-log.ts';
import { sampleMessage } from '../contract/sample-message.ts';
import { seeded, type Chance } from './seeded.ts';

const bounds: MailboxLogBounds = { messages: 200, bytes: 1e9, mailboxMessages: 1e9, broadcastMessages: 1e9 };
const uids = ['a', 'b', 'c', 'd', '漢', ''];

/** The same with a plain list, by filters. What was dropped, and how far, it takes from the log that it is held against. */
class Model {
  readonly all: Entry[] = [];
  readonly retracted = new Set<number>();

  page(log: MailboxLog, of: MailboxLogBounds, uid: string, after: number, limits: PageLimits): MailboxPage {
    const kept = this.all.filter(({ mid }) => mid > log.since);
    const own = kept.filter(({ message }) => message.uids?.includes(uid) === true).slice(-of.mailboxMessages);
    const toAll = this.all.filter(({ message }) => message.uids === null);
    const keptToAll = toAll.slice(-of.broadcastMessages).filter(({ mid }) => mid > log.since);
    const lostOwn = kept.filter(({ message }) => message.uids?.includes(uid) === true).at(-of.mailboxMessages - 1);
    const lostToAll = toAll.at(-of.broadcastMessages - 1);
    const gap = after < log.since || after < (lostOwn?.mid ?? 0) || after < (lostToAll?.mid ?? 0);
    const above = [...own, ...keptToAll].filter(({ mid }) => mid > after).sort((one, other) => one.mid - other.mid);
    const entries: Entry[] = [];
    let bytes = 0;
    for (const { mid, message } of above) {
      if (this.retracted.has(mid)) continue;
      bytes += Buffer.byteLength(message.push);
      if (entries.length > 0 && (entries.length >= limits.entries || bytes > limits.bytes)) {
        return { entries, through: entries.at(-1)?.mid ?? after, gap, isLast: false };
      }
      entries.push({ mid, message: { ...message, uids: message.uids === null ? null : [uid] } });
    }
    return { entries, through: log.head, gap, isLast: true };
  }
}

function randomEntry(chance: Chance, mid: number): Entry {
  const to = chance.happens(0.2) ? null : uids.filter(() => chance.happens(0.3));
  // A long one fills most of a segment. It is nearly all ASCII, which is read a hundred times as fast.
  const push = chance.happens(0.02) ? `${'x'.repeat(800_000)}é` : 'é'.repeat(chance.below(300));
  return { mid, message: sampleMessage({ uids: to, push }) };
}

/** Appends, drops and retracts at random, and holds pages of both against each other. */
function compare(seed: number, of: MailboxLogBounds, steps: number): void {
  const chance = seeded(seed);
  const log = new MailboxLog(of);
  const model = new Model();
  let mid = 1000;
  let gaps = 0;
  log.startAt(mid);
  for (let step = 0; step < steps; step += 1) {
    mid += 1 + chance.below(5);
    const entry = randomEntry(chance, mid);
    log.append(entry);
    model.all.push(entry);
    assert.equal(log.head, mid);
    assert.ok(log.count <= of.messages && log.bytes <= of.bytes, `${log.count} entries, ${log.bytes} bytes`);
    if (chance.happens(0.1)) {
      const wrong = chance.pick(model.all).mid;
      const isThere = wrong > log.since && !model.retracted.has(wrong);
      assert.equal(log.retract(wrong), isThere);
      if (isThere) model.retracted.add(wrong);
    }
    if (chance.happens(0.02)) log.dropThrough(mid - chance.below(300));
    if (step % 7 !== 0) continue;
    const limits = chance.pick([
      { entries: 1, bytes: 1e9 },
      { entries: 7, bytes: 1000 },
      { entries: 1e9, bytes: 1e9 },
    ]);
    for (const uid of [...uids, 'nobody']) {
      const after = chance.pick([0, log.since - 1, log.since, mid - chance.below(400), mid - 1, mid]);
      const page = log.mailbox(uid, after, limits);
      assert.deepEqual(page, model.page(log, of, uid, after, limits), `step ${step}, ${uid} after ${after}`);
      if (page.gap) gaps += 1;
    }
    const kept = model.all.filter((one) => one.mid > log.since && !model.retracted.has(one.mid));
    assert.deepEqual(log.read(0, 1e9), kept);
  }
  assert.ok(gaps > 50, `${gaps} gaps`);
}

test('mailboxes are what a plain list would give: bounded by messages', () => {
  compare(1, bounds, 2500);
});

test('bounded by bytes', () => {
  compare(2, { ...bounds, messages: 1e9, bytes: 300_000 }, 2500);
});

test('bounded by the messages of each mailbox and to all', () => {
  compare(3, { ...bounds, mailboxMessages: 5, broadcastMessages: 9 }, 2500);
  compare(4, { ...bounds, messages: 30, mailboxMessages: 1, broadcastMessages: 1 }, 1000);
});

test('bounded by everything at once', () => {
  compare(5, { messages: 40, bytes: 40_000, mailboxMessages: 8, broadcastMessages: 6 }, 2500);
});

test('uids that have no mailbox any more cost nothing', () => {
  const log = new MailboxLog({ ...bounds, messages: 10 });
  log.startAt(0);
  const add = (mid: number, to: readonly string[] | null): void =>
    log.append({ mid, message: sampleMessage({ id: 'i', push: 'p', uids: to }) });
  for (let mid = 1; mid <= 10; mid += 1) add(mid, ['same-length']);
  const before = log.bytes;
  for (let mid = 11; mid <= 5000; mid += 1) add(mid, [`user-${String(mid).padStart(6, '0')}`]);
  for (let mid = 5001; mid <= 5010; mid += 1) add(mid, ['same-length']);
  assert.equal(log.bytes, before);
  for (let mid = 5011; mid <= 5020; mid += 1) add(mid, null);
  assert.ok(log.bytes < before);
  log.startAt(6000);
  assert.deepEqual([log.bytes, log.count, log.since, log.head], [0, 0, 6000, 6000]);
});

test('a start forgets what was there, and a raised head belongs to the last page', () => {
  const log = new MailboxLog(bounds);
  log.startAt(10);
  log.append({ mid: 11, message: sampleMessage({ uids: ['a'] }) });
  log.raiseHead(20);
  log.raiseHead(15);
  const limits = { entries: 10, bytes: 1000 };
  assert.deepEqual([log.mailbox('a', 10, limits).through, log.head, log.since], [20, 20, 10]);
  log.startAt(30);
  assert.deepEqual(log.mailbox('a', 30, limits), { entries: [], through: 30, gap: false, isLast: true });
  assert.equal(log.mailbox('a', 29, limits).gap, true);
  log.append({ mid: 31, message: sampleMessage({ uids: ['a'] }) });
  assert.deepEqual(
    log.mailbox('a', 30, limits).entries.map(({ mid }) => mid),
    [31],
  );
});

test('it finds an id, its message unless it was retracted', () => {
  const log = new MailboxLog(bounds);
  log.startAt(0);
  const message = sampleMessage({ id: 'here' });
  log.append({ mid: 1, message });
  assert.deepEqual(log.find('here'), { mid: 1, message });
  assert.equal(log.find('there'), undefined);
  log.retract(1);
  assert.deepEqual(log.find('here'), { mid: 1, message: undefined });
});
