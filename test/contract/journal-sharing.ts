import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendNew, idsOf, midsOf, readMailbox, type Opener } from './journal-driver.ts';
import { sampleMessage, sampleMessages } from './sample-message.ts';

/** What several instances on one store are told. */
export function sharingTests({ open, openStore, openAlone }: Opener): void {
  test('instances on one store are told the same, whoever appends', async (t) => {
    const store = await openStore(t);
    const instances = [await open(t, store), await open(t, store), await open(t, store)];
    const start = instances[0]?.journal.head() ?? 0;
    const appended = await Promise.all(
      instances.map(async ({ journal }) => {
        const mids: number[] = [];
        for (let round = 0; round < 60; round += 1) {
          mids.push(...(await appendNew(journal, sampleMessages(1 + (round % 4)))));
        }
        return mids;
      }),
    );
    const all = appended.flat().sort((one, other) => one - other);
    for (const { told, journal } of instances) {
      await told.ids(all.length);
      assert.deepEqual(midsOf(told.entries), all);
      assert.deepEqual(midsOf((await readMailbox(journal, '1', start)).entries), all);
    }
    assert.deepEqual(instances[1]?.told.entries, instances[0]?.told.entries);
    assert.deepEqual(instances[2]?.told.entries, instances[0]?.told.entries);
    assert.deepEqual(await instances[0]?.journal.read(0, 10_000), instances[0]?.told.entries);
  });

  test('an instance that begins later is told what comes after its beginning, and reads what was before', async (t) => {
    const store = await openStore(t);
    const early = await open(t, store);
    const start = early.journal.head();
    await early.journal.append(sampleMessages(5));
    const late = await open(t, store);
    assert.equal(late.journal.head(), early.journal.head());
    assert.equal(late.journal.tail('1', start, { entries: 10, bytes: 1000 }), undefined);
    await early.journal.append(sampleMessages(3));
    await late.told.ids(3);
    const ids = await early.told.ids(8);
    assert.deepEqual(late.told.entries, early.told.entries.slice(5));
    assert.deepEqual(idsOf((await readMailbox(late.journal, '1', start)).entries), ids);
  });

  test('stores of different deployments do not meet', async (t) => {
    const [one, other] = [await openAlone(t), await openAlone(t)];
    const [message, ofOne, ofOther] = [sampleMessage(), sampleMessage(), sampleMessage()];
    await appendNew(one.journal, [message]);
    await appendNew(other.journal, [message]);
    await appendNew(one.journal, [ofOne]);
    await appendNew(other.journal, [ofOther]);
    assert.deepEqual(await one.told.ids(2), [message.id, ofOne.id]);
    assert.deepEqual(await other.told.ids(2), [message.id, ofOther.id]);
  });
}
