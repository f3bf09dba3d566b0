import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendNew, idsOf, readMailbox, type Opener } from './journal-driver.ts';
import { sampleMessage, sampleMessages } from './sample-message.ts';

/** How much a journal keeps, and how it says what is gone. */
export function retentionTests({ openAlone }: Opener): void {
  test('keeps no more messages than it may, and says since when it is complete', async (t) => {
    const { journal, told } = await openAlone(t, { messages: 100 });
    const start = await journal.completeSince();
    for (let group = 0; group < 25; group += 1) await journal.append(sampleMessages(10));
    await told.ids(250);
    assert.deepEqual(await journal.read(0, 1000), told.entries.slice(-100));
    const since = told.entries.at(-101)?.mid ?? 0;
    assert.equal(await journal.completeSince(), since);
    const kept = { entries: told.entries.slice(-100), through: journal.head(), isLast: true };
    assert.deepEqual(await readMailbox(journal, '1', since), { ...kept, gap: false });
    assert.deepEqual(await readMailbox(journal, '1', since - 1), { ...kept, gap: true });
    assert.deepEqual(await readMailbox(journal, '1', start), { ...kept, gap: true });
    // What is missing may have been for anybody.
    assert.deepEqual(await readMailbox(journal, 'other', start), { ...kept, entries: [], gap: true });
  });

  test('keeps no more bytes than it may', async (t) => {
    const { journal, told } = await openAlone(t, { bytes: 200_000 });
    const push = (letter: string): string => `{"msg":"${letter.repeat(10_000)}"}`;
    for (let group = 0; group < 10; group += 1) await journal.append(sampleMessages(5, { push: push('a') }));
    await told.ids(50);
    const kept = await journal.read(0, 1000);
    assert.ok(kept.length >= 8 && kept.length <= 20, `${kept.length} of 10,000 characters each`);
    assert.deepEqual(kept, told.entries.slice(-kept.length));
    assert.equal(await journal.completeSince(), told.entries.at(-kept.length - 1)?.mid);
    // One that is larger than everything is told, and is then the newest that is missing.
    await journal.append([sampleMessage({ push: push('b'.repeat(30)) })]);
    await told.ids(51);
    assert.deepEqual(await journal.read(0, 1000), []);
    assert.equal(await journal.completeSince(), journal.head());
    assert.deepEqual(await readMailbox(journal, '1', journal.head() - 1), {
      entries: [],
      through: journal.head(),
      gap: true,
      isLast: true,
    });
  });

  test('counts what mailboxes cost: many uids are not kept for nothing', async (t) => {
    const { journal, told } = await openAlone(t, { bytes: 200_000 });
    const users = (of: number): string[] => Array.from({ length: 1000 }, (_, index) => `user-${of}-${index}`);
    for (let index = 0; index < 10; index += 1) await journal.append([sampleMessage({ uids: users(index) })]);
    await told.ids(10);
    const kept = await journal.read(0, 100);
    assert.ok(kept.length < 8, `${kept.length} entries with 1000 uids each in 200,000 bytes`);
  });

  test('keeps no message for longer than it may', async (t) => {
    const { journal, told } = await openAlone(t, { ageMs: 1 });
    await journal.append(sampleMessages(5));
    await told.ids(5);
    const last = journal.head();
    while (Date.now() * 1000 <= last + 2000) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(await journal.completeSince(), last);
    assert.deepEqual(await journal.read(0, 1000), []);
    // Who has seen the newest has missed nothing.
    assert.equal((await readMailbox(journal, '1', last)).gap, false);
    assert.deepEqual(await readMailbox(journal, '1', last - 1), {
      entries: [],
      through: last,
      gap: true,
      isLast: true,
    });
  });

  test('keeps no more in a mailbox than it may: the newest, and who missed more is told', async (t) => {
    const { journal, told } = await openAlone(t, { mailboxMessages: 10 });
    const start = journal.head();
    const mine: string[] = [];
    for (let group = 0; group < 9; group += 1) {
      const own = sampleMessages(3, { uids: ['mine', 'shared'] });
      mine.push(...own.map(({ id }) => id));
      await appendNew(journal, [...own, sampleMessage({ uids: ['other', 'shared'] })]);
      const page = await readMailbox(journal, 'mine', start);
      assert.deepEqual(idsOf(page.entries), mine.slice(-10), `after ${mine.length}`);
      assert.equal(page.gap, mine.length > 10);
    }
    await told.ids(36);
    const own = told.entries.filter(({ message }) => message.uids?.includes('mine') === true);
    const [lost, oldest] = [own.at(-11)?.mid ?? 0, own.at(-10)?.mid ?? 0];
    const midOfGap = async (after: number): Promise<boolean> => (await readMailbox(journal, 'mine', after)).gap;
    assert.deepEqual(
      [await midOfGap(lost - 1), await midOfGap(lost), await midOfGap(oldest - 1), await midOfGap(oldest)],
      [true, false, false, false],
    );
    // One mailbox that is full takes nothing from the others, nor from the journal.
    const others = await readMailbox(journal, 'other', start);
    assert.deepEqual([others.entries.length, others.gap], [9, false]);
    assert.equal((await readMailbox(journal, 'shared', start)).gap, true);
    assert.equal(await journal.completeSince(), start);
    assert.equal((await journal.read(0, 100)).length, 36);
  });

  test('keeps no more to all than it may: the newest, and everybody who missed more is told', async (t) => {
    const { journal, told } = await openAlone(t, { broadcastMessages: 10 });
    const start = journal.head();
    const own = sampleMessage({ uids: ['mine'] });
    await journal.append([own]);
    for (let group = 0; group < 7; group += 1) await journal.append(sampleMessages(3, { uids: null }));
    const ids = await told.ids(22);
    const page = await readMailbox(journal, 'mine', start);
    assert.deepEqual(idsOf(page.entries), [own.id, ...ids.slice(-10)]);
    assert.equal(page.gap, true);
    const lost = told.entries.at(-11)?.mid ?? 0;
    assert.equal((await readMailbox(journal, 'nobody', lost - 1)).gap, true);
    const complete = await readMailbox(journal, 'nobody', lost);
    assert.deepEqual([complete.gap, idsOf(complete.entries)], [false, ids.slice(-10)]);
  });

  test('what is dropped by one bound after the other leaves mailboxes that are right', async (t) => {
    const { journal, told } = await openAlone(t, { messages: 40, mailboxMessages: 3, broadcastMessages: 2 });
    const start = journal.head();
    const uids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    for (let index = 0; index < 300; index += 1) {
      const to = index % 9 === 0 ? null : [uids[index % 7] ?? '', uids[(index * index) % 5] ?? ''];
      await journal.append([sampleMessage({ uids: to === null ? null : [...new Set(to)] })]);
    }
    await told.ids(300);
    const kept = told.entries.slice(-40);
    const since = told.entries.at(-41)?.mid ?? 0;
    for (const uid of [...uids, 'h']) {
      const own = kept.filter(({ message }) => message.uids?.includes(uid) === true);
      const toAll = kept.filter(({ message }) => message.uids === null);
      const expected = [...own.slice(-3), ...toAll.slice(-2)].sort((one, other) => one.mid - other.mid);
      const page = await readMailbox(journal, uid, since);
      assert.deepEqual(idsOf(page.entries), idsOf(expected), uid);
      assert.equal(page.gap, own.length > 3 || toAll.length > 2, uid);
      assert.equal((await readMailbox(journal, uid, start)).gap, true);
    }
  });
}
