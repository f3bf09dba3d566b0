import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Appended } from '../../src/journal/journal.ts';
import { appendNew, type Opener } from './journal-driver.ts';
import { sampleMessage, sampleMessages } from './sample-message.ts';

const outcomes = (appended: readonly Appended[]): string[] => appended.map(({ outcome }) => outcome);

/** What a caller's id means: the same again is one message. */
export function idTests({ openAlone }: Opener): void {
  test("a caller's id is appended once: across appends, within one, and at the same time", async (t) => {
    const { journal, told } = await openAlone(t);
    const [first, second] = [sampleMessage({ fingerprint: 'a' }), sampleMessage({ fingerprint: 'b' })];
    const [one] = await appendNew(journal, [first]);
    const mixed = await journal.append([second, first, second]);
    const two = mixed[0]?.mid ?? 0;
    assert.deepEqual(mixed, [
      { mid: two, outcome: 'appended' },
      { mid: one, outcome: 'duplicate' },
      { mid: two, outcome: 'duplicate' },
    ]);

    const third = sampleMessage({ fingerprint: 'c' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => journal.append([third])));
    const flat = answers.flat();
    assert.equal(flat.filter(({ outcome }) => outcome === 'appended').length, 1);
    assert.equal(flat.filter(({ outcome }) => outcome === 'duplicate').length, 19);
    assert.equal(new Set(flat.map(({ mid }) => mid)).size, 1);

    const last = sampleMessage();
    await journal.append([last]);
    assert.deepEqual(await told.ids(4), [first.id, second.id, third.id, last.id]);
  });

  test('the same id with another fingerprint is a conflict, and nothing of that append is appended', async (t) => {
    const { journal, told } = await openAlone(t);
    const [first, other] = [sampleMessage({ fingerprint: 'a' }), sampleMessage({ fingerprint: 'o' })];
    await appendNew(journal, [first]);
    const changed = { ...first, fingerprint: 'b' };
    assert.deepEqual(await journal.append([changed]), [{ mid: 0, outcome: 'conflict' }]);
    assert.deepEqual(await journal.append([sampleMessage(), changed, first, other]), [
      { mid: 0, outcome: 'refused' },
      { mid: 0, outcome: 'conflict' },
      { mid: 0, outcome: 'refused' },
      { mid: 0, outcome: 'refused' },
    ]);
    // An append whose messages conflict among themselves.
    const [one, two] = [sampleMessage({ fingerprint: 'a' }), sampleMessage({ fingerprint: 'b' })];
    assert.deepEqual(outcomes(await journal.append([one, { ...two, id: one.id }])), ['refused', 'conflict']);
    assert.equal((await journal.read(0, 10)).length, 1);
    // What was refused has used no id up.
    await appendNew(journal, [other, one]);
    assert.deepEqual(await told.ids(3), [first.id, other.id, one.id]);
  });

  test('a conflict in one append does not touch those that go with it', async (t) => {
    const { journal, told } = await openAlone(t);
    const first = sampleMessage({ fingerprint: 'a' });
    const changed = { ...first, fingerprint: 'b' };
    const appends = [[first], [sampleMessage(), changed], [first], sampleMessages(2), [changed]];
    const answers = await Promise.all(appends.map((messages) => journal.append(messages)));
    assert.deepEqual(answers.map(outcomes), [
      ['appended'],
      ['refused', 'conflict'],
      ['duplicate'],
      ['appended', 'appended'],
      ['conflict'],
    ]);
    const ids = await told.ids(3);
    assert.deepEqual(
      ids,
      [first, ...(appends[3] ?? [])].map(({ id }) => id),
    );
    assert.deepEqual(
      answers
        .flat()
        .filter(({ outcome }) => outcome === 'appended')
        .map(({ mid }) => mid),
      told.entries.map(({ mid }) => mid),
    );
  });

  test("a caller's id is remembered when its entry is no longer kept", async (t) => {
    const { journal, told } = await openAlone(t, { messages: 10 });
    const first = sampleMessage({ fingerprint: 'a' });
    const [mid] = await appendNew(journal, [first]);
    for (let group = 0; group < 5; group += 1) await journal.append(sampleMessages(10));
    assert.deepEqual(await journal.append([first]), [{ mid, outcome: 'duplicate' }]);
    assert.deepEqual(outcomes(await journal.append([{ ...first, fingerprint: 'b' }])), ['conflict']);
    assert.deepEqual(await journal.find(first.id), { mid, message: undefined });
    await told.ids(51);
  });

  test("a caller's id is forgotten after its time", async (t) => {
    const { journal, told } = await openAlone(t, { idMs: 50 });
    const first = sampleMessage({ fingerprint: 'a' });
    const [mid = 0] = await appendNew(journal, [first]);
    while (Date.now() * 1000 <= mid + 60_000) await new Promise((resolve) => setTimeout(resolve, 5));
    const changed = { ...first, fingerprint: 'b' };
    const [again = 0] = await appendNew(journal, [changed]);
    assert.ok(again > mid);
    await told.ids(2);
  });

  test('an id is found with its entry, and one that nobody used is not', async (t) => {
    const { journal } = await openAlone(t);
    const [theirs, ours] = [sampleMessage({ fingerprint: 'a' }), sampleMessage({ uids: null })];
    const mids = await appendNew(journal, [theirs, ours]);
    assert.deepEqual(await journal.find(theirs.id), { mid: mids[0], message: theirs });
    assert.deepEqual(await journal.find(ours.id), { mid: mids[1], message: ours });
    for (const id of ['unknown', '', theirs.id.slice(0, -1), `${theirs.id} `]) {
      assert.equal(await journal.find(id), undefined, id);
    }
  });
}

/** The same where several instances share the store: there it holds for our ids too, since any append may be repeated. */
export function sharedIdTests({ open, openStore }: Opener): void {
  test('any id is appended once across instances, also at the same time', async (t) => {
    const store = await openStore(t);
    const instances = [await open(t, store), await open(t, store)];
    const messages = Array.from({ length: 200 }, (_, index) =>
      sampleMessage({ fingerprint: index % 2 === 0 ? '' : 'a' }),
    );
    const answers = await Promise.all(
      instances.map(({ journal }) => Promise.all(messages.map((message) => journal.append([message])))),
    );
    const [one = [], other = []] = answers.map((calls) => calls.flat());
    assert.deepEqual(
      one.map(({ mid }) => mid),
      other.map(({ mid }) => mid),
    );
    one.forEach(({ outcome }, index) => {
      assert.deepEqual([outcome, other[index]?.outcome ?? ''].sort(), ['appended', 'duplicate']);
    });
    for (const { told } of instances) {
      const ids = await told.ids(200);
      assert.deepEqual([...ids].sort(), messages.map(({ id }) => id).sort());
    }
  });

  test('the same id with another body through another instance is a conflict, at the same time too', async (t) => {
    const store = await openStore(t);
    const [one, other] = [await open(t, store), await open(t, store)];
    const first = sampleMessage({ fingerprint: 'a' });
    await appendNew(one.journal, [first]);
    const changed = { ...first, fingerprint: 'b' };
    assert.deepEqual(outcomes(await other.journal.append([sampleMessage(), changed])), ['refused', 'conflict']);

    const racing = sampleMessages(50, { fingerprint: 'a' });
    const answers = await Promise.all(
      racing.flatMap((message) => [
        one.journal.append([message]),
        other.journal.append([{ ...message, fingerprint: 'b' }]),
      ]),
    );
    for (let at = 0; at < answers.length; at += 2) {
      const pair = [answers[at], answers[at + 1]].flatMap((answer) => outcomes(answer ?? []));
      assert.deepEqual(pair.sort(), ['appended', 'conflict']);
    }
    await one.told.ids(51);
    await other.told.ids(51);
  });

  test('a unit that comes again is a duplicate, also when its entries are gone', async (t) => {
    const store = await openStore(t);
    const [one, other] = [await open(t, store, { messages: 5 }), await open(t, store, { messages: 5 })];
    const messages = sampleMessages(3);
    const appended = await one.journal.append(messages, 'job-1');
    assert.deepEqual(
      (await other.journal.append(messages, 'job-1')).map(({ mid, outcome }) => [mid, outcome]),
      appended.map(({ mid }) => [mid, 'duplicate']),
    );
    for (let group = 0; group < 4; group += 1) await one.journal.append(sampleMessages(4));
    await one.told.ids(19);
    // Their ids are forgotten: it is the name that is known.
    assert.deepEqual(outcomes(await other.journal.append(messages, 'job-1')), ['duplicate', 'duplicate', 'duplicate']);
    await appendNew(other.journal, messages);
    await other.told.ids(22);
  });

  test('a unit that was refused is not known, and one that is done is forgotten', async (t) => {
    const store = await openStore(t);
    const { journal, stop } = await open(t, store, { messages: 2 });
    const first = sampleMessage({ fingerprint: 'a' });
    await appendNew(journal, [first]);
    assert.deepEqual(outcomes(await journal.append([{ ...first, fingerprint: 'b' }], 'job-2')), ['conflict']);
    const [ours] = [sampleMessage()];
    assert.deepEqual(outcomes(await journal.append([ours], 'job-2')), ['appended']);
    await journal.append(sampleMessages(4));
    assert.deepEqual(outcomes(await journal.append([ours], 'job-2')), ['duplicate']);
    journal.forgetUnit('job-2');
    await stop();
    const next = await open(t, store, { messages: 2 });
    assert.deepEqual(outcomes(await next.journal.append([ours], 'job-2')), ['appended']);
  });
}
