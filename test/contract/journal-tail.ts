import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendNew, idsOf, midsOf, type Opener } from './journal-driver.ts';
import { sampleMessage, sampleMessages } from './sample-message.ts';

const limits = { entries: 1000, bytes: 1_000_000 };

/** A page from what the process holds, which joins what the follower is told. */
export function tailTests({ openAlone }: Opener): void {
  test('the tail has what was told since the start, and ends at the head', async (t) => {
    const { journal, told } = await openAlone(t);
    const start = journal.head();
    assert.deepEqual(journal.tail('1', start, limits), { entries: [], through: start, gap: false, isLast: true });
    await appendNew(journal, [sampleMessage(), sampleMessage({ uids: ['2'] }), sampleMessage({ uids: null })]);
    await told.ids(3);
    const [first, , third] = told.entries;
    assert.deepEqual(journal.tail('1', start, limits), {
      entries: [first, third],
      through: journal.head(),
      gap: false,
      isLast: true,
    });
    const page = journal.tail('1', start, { ...limits, entries: 1 });
    assert.deepEqual(page, { entries: [first], through: first?.mid, gap: false, isLast: false });
    assert.deepEqual(midsOf(journal.tail('1', first?.mid ?? 0, limits)?.entries ?? []), [third?.mid]);
  });

  test('the tail knows nothing of a mid that the follower was not told', async (t) => {
    const { journal, told } = await openAlone(t);
    await appendNew(journal, sampleMessages(2));
    await told.ids(2);
    assert.equal(journal.tail('1', journal.head() + 1, limits), undefined);
    assert.equal(journal.tail('1', Number.MAX_SAFE_INTEGER - 1, limits), undefined);
  });

  test('while the follower is told, the tail ends with what it is told: a reader that joins there has all', async (t) => {
    const ends: boolean[] = [];
    const joined = new Map<string, number[]>();
    const { journal, told } = await openAlone(t, {
      onTold(telling, entries) {
        const head = telling.head();
        const page = telling.tail('1', start, limits);
        ends.push(head === entries.at(-1)?.mid && page?.through === head && page.isLast);
        for (const mids of joined.values()) mids.push(...midsOf(entries));
        joined.set(`joined at ${head}`, midsOf(page?.entries ?? []));
      },
    });
    const start = journal.head();
    for (let round = 0; round < 20; round += 1) {
      await Promise.all([journal.append(sampleMessages(2)), journal.append(sampleMessages(1, { uids: null }))]);
    }
    await told.ids(60);
    assert.ok(ends.length >= 20 && ends.every(Boolean), `${ends.length} times`);
    for (const mids of joined.values()) assert.deepEqual(mids, midsOf(told.entries));
  });

  test('the tail does not give what is older than is kept', async (t) => {
    const { journal, told } = await openAlone(t, { ageMs: 1 });
    await journal.append(sampleMessages(5));
    await told.ids(5);
    const last = journal.head();
    while (Date.now() * 1000 <= last + 2000) await new Promise((resolve) => setImmediate(resolve));
    const page = journal.tail('1', last - 1, limits);
    assert.ok(page === undefined || (page.gap && page.entries.length === 0));
    assert.deepEqual(journal.tail('1', last, limits), { entries: [], through: last, gap: false, isLast: true });
  });

  test('the tail never claims to have a mailbox of which it lost a part', async (t) => {
    const { journal, told } = await openAlone(t, { mailboxMessages: 5, broadcastMessages: 5 });
    const start = journal.head();
    await journal.append([...sampleMessages(8), ...sampleMessages(4, { uids: null })]);
    const ids = await told.ids(12);
    for (const [uid, newest] of [
      ['1', 5],
      ['other', 0],
    ] as const) {
      const page = journal.tail(uid, start, limits);
      const complete = uid === '1';
      assert.equal(page === undefined || page.gap, complete, uid);
      const after = told.entries[7 - newest]?.mid ?? 0;
      assert.deepEqual(idsOf(journal.tail(uid, after, limits)?.entries ?? []), ids.slice(8 - newest));
    }
  });
}
