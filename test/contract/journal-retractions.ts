import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../../src/message/message.ts';
import { createRetraction } from '../../src/message/message.ts';
import { appendNew, idsOf, readMailbox, type Opener } from './journal-driver.ts';
import { sampleMessage, sampleMessages } from './sample-message.ts';

let made = 0;

const retractionOf = (mid: number, message: Message): Message => {
  made += 1;
  return createRetraction({ mid, message }, `retraction-${made}`);
};

/** How an entry is taken back. */
export function retractionTests({ openAlone, open, openStore }: Opener): void {
  for (const uids of [['1'], ['1', '2', 'x'], null]) {
    test(`what is retracted is in no mailbox any more, and the retraction is: ${JSON.stringify(uids)}`, async (t) => {
      const { journal, told } = await openAlone(t);
      const start = journal.head();
      const [before, wrong, after] = [sampleMessage({ uids }), sampleMessage({ uids }), sampleMessage({ uids })];
      const [, mid = 0] = await appendNew(journal, [before, wrong, after]);
      const retraction = retractionOf(mid, wrong);
      await appendNew(journal, [retraction]);
      const expected = [before.id, after.id, retraction.id];
      await told.ids(4);
      assert.deepEqual(told.entries.at(-1)?.message, retraction);
      const page = await readMailbox(journal, '1', start);
      assert.deepEqual(idsOf(page.entries), expected);
      assert.equal(page.gap, false);
      assert.equal(page.entries.at(-1)?.message.retracts, mid);
      const tail = journal.tail('1', start, { entries: 100, bytes: 100_000 });
      assert.deepEqual(idsOf(tail?.entries ?? []), expected);
      assert.deepEqual(idsOf(await journal.read(0, 10)), expected);
      assert.equal(await journal.completeSince(), start);
      assert.deepEqual(await journal.find(wrong.id), { mid, message: undefined });
      // Pages count what they give.
      const first = await journal.mailbox('1', start, { entries: 2, bytes: 100_000 });
      assert.deepEqual(idsOf(first.entries), expected.slice(0, 2));
    });
  }

  test('what was retracted, or is no longer kept, cannot be retracted', async (t) => {
    const { journal, told } = await openAlone(t, { messages: 10 });
    const wrong = sampleMessage();
    const [mid = 0] = await appendNew(journal, [wrong]);
    await appendNew(journal, [retractionOf(mid, wrong)]);
    const [again] = await journal.append([retractionOf(mid, wrong)]);
    assert.deepEqual(again, { mid: 0, outcome: 'duplicate' });
    const old = sampleMessage();
    const [oldMid = 0] = await appendNew(journal, [old]);
    await journal.append(sampleMessages(20));
    assert.deepEqual(await journal.append([retractionOf(oldMid, old)]), [{ mid: 0, outcome: 'duplicate' }]);
    assert.deepEqual(await journal.append([retractionOf(mid + 1000, wrong)]), [{ mid: 0, outcome: 'duplicate' }]);
    await told.ids(23);
  });

  test('a retraction that has expired itself takes nothing back: nobody would hear of it', async (t) => {
    const { journal, told } = await openAlone(t);
    const start = journal.head();
    const kept = sampleMessage();
    const [mid = 0] = await appendNew(journal, [kept]);
    const over = { ...retractionOf(mid, kept), expiresAtMs: 1 };
    assert.deepEqual(await journal.append([over]), [{ mid: 0, outcome: 'expired' }]);
    await told.ids(1);
    const other = sampleMessage();
    const outcomes = (await journal.append([over, other])).map(({ outcome }) => outcome);
    assert.deepEqual(outcomes, ['expired', 'appended'], 'nor does it in the company of others');
    assert.deepEqual(idsOf((await readMailbox(journal, '1', start)).entries), [kept.id, other.id]);
  });

  test('a retraction does not hide what its mailbox has lost to its bound', async (t) => {
    const { journal, told } = await openAlone(t, { mailboxMessages: 4 });
    const start = journal.head();
    const messages = sampleMessages(6);
    const mids = await appendNew(journal, messages);
    const [wrong, mid] = [messages[4] ?? assert.fail(), mids[4] ?? 0];
    await appendNew(journal, [retractionOf(mid, wrong)]);
    await told.ids(7);
    assert.equal((await readMailbox(journal, '1', start)).gap, true);
    const complete = await readMailbox(journal, '1', mids[2] ?? 0);
    assert.deepEqual([complete.gap, complete.entries.length], [false, 3]);
  });

  test('an entry that is retracted by another instance, or before a start, stays away', async (t) => {
    const store = await openStore(t);
    const one = await open(t, store);
    if (!one.journal.guarantees.survivesProcess) return;
    const start = one.journal.head();
    const [wrong, right] = [sampleMessage(), sampleMessage()];
    const [mid = 0] = await appendNew(one.journal, [wrong, right]);
    if (!one.journal.guarantees.shared) await one.stop();
    const other = await open(t, store);
    const retraction = retractionOf(mid, wrong);
    await appendNew(other.journal, [retraction]);
    if (!one.journal.guarantees.shared) await other.stop();
    else await one.told.ids(3);
    const last = await open(t, store);
    for (const { journal } of one.journal.guarantees.shared ? [one, other, last] : [last]) {
      const page = await readMailbox(journal, '1', start);
      assert.deepEqual(idsOf(page.entries), [right.id, retraction.id]);
    }
  });
}
