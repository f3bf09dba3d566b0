import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry, Journal, PageLimits } from '../../src/journal/journal.ts';
import { eventually } from '../support/deadline.ts';
import { appendNew, idsOf, midsOf, readMailbox, wholePage, type Opener } from './journal-driver.ts';
import { sampleMessage, sampleMessages } from './sample-message.ts';

/** Reads page by page as one who resumes does. */
async function readPages(journal: Journal, uid: string, after: number, limits: PageLimits): Promise<Entry[][]> {
  const pages: Entry[][] = [];
  for (let cursor = after; ;) {
    const page = await journal.mailbox(uid, cursor, limits);
    pages.push([...page.entries]);
    assert.ok(page.through >= (page.entries.at(-1)?.mid ?? cursor));
    cursor = page.through;
    if (page.isLast) return pages;
    assert.ok(page.entries.length > 0, 'a page that is not the last has entries');
  }
}

/** A mailbox: what is for one uid, or for all. */
export function mailboxTests({ openAlone }: Opener): void {
  test('a mailbox has what is for the uid and for all after the cursor, in mid order, and nothing else', async (t) => {
    const { journal, told } = await openAlone(t);
    const start = journal.head();
    const uids = [['a'], ['b'], null, ['a', 'b'], ['c'], ['b', 'c', 'a'], null, ['ab'], ['A'], ['a '], ['b']];
    await appendNew(
      journal,
      [...uids, ...uids].map((to) => sampleMessage({ uids: to })),
    );
    await told.ids(22);
    for (const uid of ['a', 'b', 'c', 'ab', 'd', '']) {
      const all = told.entries.filter(({ message: { uids: to } }) => to === null || to.includes(uid));
      for (const after of [start, ...midsOf(told.entries)]) {
        const page = await readMailbox(journal, uid, after);
        const expected = all.filter(({ mid }) => mid > after);
        assert.deepEqual(midsOf(page.entries), midsOf(expected));
        assert.deepEqual([page.gap, page.through], [false, journal.head()]);
      }
    }
    const page = await readMailbox(journal, 'a', start);
    const [first] = page.entries;
    assert.deepEqual(first, told.entries[0]);
    for (const { mid, message } of page.entries) {
      const { message: original } = told.entries.find((entry) => entry.mid === mid) ?? assert.fail();
      // Of many uids the reader is given its own at least.
      assert.ok(original.uids === null ? message.uids === null : message.uids?.includes('a'));
      assert.deepEqual({ ...message, uids: null }, { ...original, uids: null });
    }
  });

  test('a cursor between two numbers is of another instance: its own alone tells what was missed', async (t) => {
    const { journal, told } = await openAlone(t);
    const start = journal.head();
    const mids: number[] = [];
    while (mids.length < 20) {
      const passed = (mids.at(-1) ?? start) + 5000;
      await eventually(() => Date.now() * 1000 > passed || undefined, 'numbers that nobody is given');
      mids.push(...(await appendNew(journal, [sampleMessage({ uids: mids.length % 2 === 0 ? null : ['a'] })])));
    }
    await told.ids(20);
    for (const [index, mid] of [start, ...mids].entries()) {
      const page = await readMailbox(journal, 'a', mid);
      assert.deepEqual([page.gap, page.entries.length], [false, 20 - index]);
      if (index === 20) break;
      for (const between of [mid + 1, mid + 1000]) {
        const strange = await readMailbox(journal, 'a', between);
        assert.deepEqual([strange.gap, midsOf(strange.entries)], [!journal.guarantees.shared, midsOf(page.entries)]);
        const tail = journal.tail('a', between, wholePage);
        assert.ok(tail === undefined || tail.gap === strange.gap);
      }
    }
  });

  test('pages hold no more entries than asked for, and join without a hole or a repeat', async (t) => {
    const { journal, told } = await openAlone(t);
    const start = journal.head();
    for (let index = 0; index < 300; index += 1) {
      await journal.append([sampleMessage({ uids: index % 3 === 0 ? null : [index % 3 === 1 ? 'a' : 'b'] })]);
    }
    await told.ids(300);
    const expected = told.entries.filter(({ message: { uids } }) => uids === null || uids.includes('a'));
    for (const entries of [1, 7, 199, 200, 201, 1000]) {
      const pages = await readPages(journal, 'a', start, { entries, bytes: 1_000_000 });
      assert.deepEqual(midsOf(pages.flat()), midsOf(expected));
      assert.ok(pages.every((page) => page.length <= entries));
      assert.equal(pages.length, Math.ceil(200 / entries), `pages of ${entries}`);
    }
  });

  test('pages hold no more bytes than asked for, but one entry, however large', async (t) => {
    const { journal, told } = await openAlone(t);
    const start = journal.head();
    const sizes = [10, 3000, 10, 10, 900, 900, 10, 5000, 5000, 10];
    await journal.append(sizes.map((size) => sampleMessage({ push: `"${'x'.repeat(size - 2)}"` })));
    await told.ids(sizes.length);
    const pages = await readPages(journal, '1', start, { entries: 100, bytes: 1000 });
    assert.deepEqual(
      pages.map((page) => page.map(({ message }) => message.push.length)),
      [[10], [3000], [10, 10, 900], [900, 10], [5000], [5000], [10]],
    );
  });

  test('the last page ends at the newest mid, whoever it is for', async (t) => {
    const { journal, told } = await openAlone(t);
    const [mid = 0] = await appendNew(journal, [sampleMessage({ uids: ['a'] })]);
    const mids = await appendNew(journal, sampleMessages(5, { uids: ['b'] }));
    await told.ids(6);
    const page = await readMailbox(journal, 'a', mid);
    assert.deepEqual(page, { entries: [], through: mids.at(-1), gap: false, isLast: true });
    const empty = await readMailbox(journal, 'a', mids.at(-1) ?? 0);
    assert.deepEqual(empty, page);
  });

  test('a number that the journal has never given: it says how far it is', async (t) => {
    const { journal, told } = await openAlone(t);
    const [mid = 0] = await appendNew(journal, [sampleMessage()]);
    await told.ids(1);
    for (const after of [mid + 1, Number.MAX_SAFE_INTEGER - 1]) {
      const page = await readMailbox(journal, '1', after);
      assert.deepEqual([page.entries, page.through], [[], mid]);
    }
  });

  test('what is appended while pages are read comes in its place: no hole, no repeat', async (t) => {
    const { journal, told } = await openAlone(t);
    const start = journal.head();
    await journal.append(sampleMessages(100));
    const got: string[] = [];
    const limits = { entries: 10, bytes: 100_000 };
    let cursor = start;
    for (let round = 0; round < 60; round += 1) {
      const [page] = await Promise.all([
        journal.mailbox('1', cursor, limits),
        round < 40 ? journal.append(sampleMessages(1 + (round % 3), round % 2 === 0 ? {} : { uids: null })) : undefined,
      ]);
      got.push(...idsOf(page.entries));
      cursor = page.through;
      if (page.isLast && round >= 40) break;
    }
    const ids = await told.ids(told.entries.length);
    assert.ok(ids.length > 150);
    assert.deepEqual(got, ids);
  });
}
