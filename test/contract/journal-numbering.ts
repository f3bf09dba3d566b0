import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JournalGuarantees } from '../../src/journal/journal.ts';
import { appendNew, idsOf, midsOf, type Opener } from './journal-driver.ts';
import { nastyPushes, sampleMessage, sampleMessages } from './sample-message.ts';

/** How a journal numbers, and how its follower is told. */
export function numberingTests({ openAlone }: Opener, guarantees: JournalGuarantees): void {
  test('says what it guarantees', async (t) => {
    const { journal } = await openAlone(t);
    assert.deepEqual(journal.guarantees, guarantees);
  });

  test('numbers with safe integers that rise and are not behind the clock', async (t) => {
    const { journal } = await openAlone(t);
    let last = journal.head();
    for (const message of sampleMessages(50)) {
      const earliest = Date.now() * 1000;
      const [mid = 0] = await appendNew(journal, [message]);
      assert.ok(Number.isSafeInteger(mid));
      assert.ok(mid > last && mid >= earliest, `${mid}: ${last}, ${earliest}`);
      last = mid;
    }
  });

  test('tells the follower every entry once, in order, with the mid that the append gave', async (t) => {
    const { journal, told } = await openAlone(t);
    const messages = sampleMessages(200);
    const mids: number[] = [];
    for (let from = 0; from < messages.length; from += 8) {
      mids.push(...(await appendNew(journal, messages.slice(from, from + 8))));
    }
    const ids = await told.ids(200);
    assert.deepEqual(
      ids,
      messages.map(({ id }) => id),
    );
    assert.deepEqual(midsOf(told.entries), mids);
    assert.equal(journal.head(), mids.at(-1));
  });

  test('calls that were made one after the other are appended in that order, none awaited', async (t) => {
    const { journal, told } = await openAlone(t);
    const messages = sampleMessages(300);
    await Promise.all(messages.map((message) => journal.append([message])));
    assert.deepEqual(
      await told.ids(300),
      messages.map(({ id }) => id),
    );
  });

  test('one append is one unit: no other message stands between its messages', async (t) => {
    const { journal, told } = await openAlone(t);
    const groups = Array.from({ length: 40 }, () => sampleMessages(25));
    await Promise.all(groups.map((group) => journal.append(group)));
    const ids = await told.ids(1000);
    for (const group of groups) {
      const at = ids.indexOf(group[0]?.id ?? '');
      assert.deepEqual(
        ids.slice(at, at + group.length),
        group.map(({ id }) => id),
      );
    }
  });

  test('an append without messages is answered without entries', async (t) => {
    const { journal, told } = await openAlone(t);
    assert.deepEqual(await journal.append([]), []);
    const message = sampleMessage();
    await journal.append([message]);
    assert.deepEqual(await told.ids(1), [message.id]);
  });

  test('a message comes back as it was, told, read and found: any text, any uids', async (t) => {
    const { journal, told } = await openAlone(t);
    const messages = [
      ...nastyPushes.map((push) => sampleMessage({ push })),
      sampleMessage({ uids: Array.from({ length: 10_000 }, (_, index) => `user-${index}`) }),
      sampleMessage({ uids: ['a\nb', '"', "'", '\\', '0', '漢字', '\u2028', '__proto__', ' ', '["1"]', '\u0000'] }),
      sampleMessage({ uids: ['a"b\\'] }),
      sampleMessage({ uids: null, type: 'naïve "type"\n', expiresAtMs: 8_640_000_000_000_000 }),
      sampleMessage({ fingerprint: 'f', id: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~' }),
    ];
    await appendNew(journal, messages);
    await told.ids(messages.length);
    assert.deepEqual(
      told.entries.map(({ message }) => message),
      messages,
    );
    assert.deepEqual(await journal.read(0, 100), told.entries);
    for (const { mid, message } of told.entries) assert.deepEqual(await journal.find(message.id), { mid, message });
  });

  test('reads what is above a mid, the oldest first, as many as asked for', async (t) => {
    const { journal, told } = await openAlone(t);
    const since = await journal.completeSince();
    await journal.append(sampleMessages(30));
    await told.ids(30);
    assert.deepEqual(await journal.read(0, 1000), told.entries);
    assert.deepEqual(await journal.read(since, 1000), told.entries);
    const tenth = told.entries[9]?.mid ?? 0;
    assert.deepEqual(await journal.read(tenth, 5), told.entries.slice(10, 15));
    assert.deepEqual(await journal.read(tenth - 1, 1), told.entries.slice(9, 10));
    assert.deepEqual(await journal.read(journal.head(), 10), []);
    assert.deepEqual(await journal.read(Number.MAX_SAFE_INTEGER - 1, 10), []);
    assert.equal(await journal.completeSince(), since);
  });

  test('begins with a head that is complete, and tells nothing of before', async (t) => {
    const { journal, told } = await openAlone(t);
    assert.ok(Number.isSafeInteger(journal.head()));
    assert.equal(await journal.completeSince(), journal.head());
    assert.deepEqual(told.entries, []);
  });

  test('what is on its way when the stop comes is still appended', async (t) => {
    const { journal, stop } = await openAlone(t);
    const appends = sampleMessages(20).map((message) => journal.append([message]));
    await stop();
    const mids = (await Promise.all(appends)).flat().map(({ mid }) => mid);
    assert.equal(new Set(mids).size, 20);
  });

  test('what has expired before its append is neither numbered, told nor kept, and that is said', async (t) => {
    let nowMs = Date.now();
    const isExpired = (expiresAtMs: number): boolean => expiresAtMs !== 0 && expiresAtMs <= nowMs;
    const { journal, told, expired } = await openAlone(t, { clock: { now: () => nowMs, isExpired } });
    const [first, late, last] = [sampleMessage(), sampleMessage({ expiresAtMs: nowMs + 60_000 }), sampleMessage()];
    const again = { ...late, id: 'again', fingerprint: 'f' };
    nowMs += 60_000;
    const appended = await journal.append([first, late, again, last]);
    assert.deepEqual(
      appended.map(({ outcome }) => outcome),
      ['appended', 'expired', 'expired', 'appended'],
    );
    assert.deepEqual([appended[1]?.mid, appended[3]?.mid], [0, (appended[0]?.mid ?? 0) + 1]);
    assert.deepEqual(expired, [late, again]);
    assert.deepEqual(await told.ids(2), [first.id, last.id]);
    assert.deepEqual(idsOf(await journal.read(0, 10)), [first.id, last.id]);
    // The id was not used up by what nobody got.
    nowMs -= 60_000;
    await appendNew(journal, [again]);
  });
}
