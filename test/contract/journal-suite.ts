import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Journal, JournalGuarantees, Retention } from '../../src/journal/journal.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { nastyPushes, sampleMessage, sampleMessages } from './sample-message.ts';
import { createTold, type Told } from './told.ts';

/** A store for one test: every journal that is opened on it is another instance. */
export interface JournalStore {
  create(retention: Retention): Journal;
}

export interface JournalDriver {
  readonly name: string;
  /** What the driver must say of itself: which tests there are follows from it. */
  readonly guarantees: JournalGuarantees;
  /** An empty store that ends with the scope. */
  openStore(scope: Scope): Promise<JournalStore>;
}

interface Instance {
  readonly journal: Journal;
  readonly told: Told;
}

const plenty: Retention = { messages: 100_000, bytes: 256 * 1024 * 1024, ageMs: 3_600_000 };

/** What every journal promises. */
export function journalSuite({ name, guarantees, openStore }: JournalDriver): void {
  async function open(scope: Scope, store: JournalStore, retention: Partial<Retention> = {}): Promise<Instance> {
    const journal = store.create({ ...plenty, ...retention });
    const told = createTold();
    endWith(scope, () => journal.stop());
    await journal.start(told.follower);
    assert.deepEqual(journal.health(), { ok: true });
    return { journal, told };
  }

  const openAlone = async (scope: Scope, retention?: Partial<Retention>): Promise<Instance> =>
    open(scope, await openStore(scope), retention);

  suite(`journal: ${name}`, () => {
    test('says what it guarantees', async (t) => {
      const { journal } = await openAlone(t);
      assert.deepEqual(journal.guarantees, guarantees);
    });

    test('numbers with safe integers that rise and are not behind the clock', async (t) => {
      const { journal } = await openAlone(t);
      let last = journal.head();
      for (const message of sampleMessages(50)) {
        const earliest = Date.now() * 1000;
        const [appended] = await journal.append([message]);
        assert.ok(appended !== undefined && !appended.duplicate);
        assert.ok(Number.isSafeInteger(appended.mid));
        assert.ok(appended.mid > last && appended.mid >= earliest, `${appended.mid}: ${last}, ${earliest}`);
        last = appended.mid;
      }
    });

    test('tells the follower every entry once, in order, with the mid that the append gave', async (t) => {
      const { journal, told } = await openAlone(t);
      const messages = sampleMessages(200);
      const mids: number[] = [];
      for (let from = 0; from < messages.length; from += 8) {
        const appended = await journal.append(messages.slice(from, from + 8));
        mids.push(...appended.map(({ mid }) => mid));
      }
      const ids = await told.ids(200);
      assert.deepEqual(
        ids,
        messages.map(({ id }) => id),
      );
      assert.deepEqual(
        told.entries.map(({ mid }) => mid),
        mids,
      );
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

    test("a caller's id is appended once: across appends, within one, and at the same time", async (t) => {
      const { journal, told } = await openAlone(t);
      const [first, second] = [sampleMessage({ hasCallersId: true }), sampleMessage({ hasCallersId: true })];
      const [one] = await journal.append([first]);
      assert.ok(one !== undefined);
      const mixed = await journal.append([second, first, second]);
      const two = mixed[0];
      assert.ok(two !== undefined);
      assert.deepEqual(mixed, [two, { mid: one.mid, duplicate: true }, { mid: two.mid, duplicate: true }]);
      assert.equal(two.duplicate, false);

      const third = sampleMessage({ hasCallersId: true });
      const answers = await Promise.all(Array.from({ length: 20 }, () => journal.append([third])));
      const flat = answers.flat();
      assert.equal(flat.filter(({ duplicate }) => !duplicate).length, 1);
      assert.equal(new Set(flat.map(({ mid }) => mid)).size, 1);

      const last = sampleMessage();
      await journal.append([last]);
      assert.deepEqual(await told.ids(4), [first.id, second.id, third.id, last.id]);
    });

    test('an append without messages is answered without entries', async (t) => {
      const { journal, told } = await openAlone(t);
      assert.deepEqual(await journal.append([]), []);
      const message = sampleMessage();
      await journal.append([message]);
      assert.deepEqual(await told.ids(1), [message.id]);
    });

    test('a message comes back as it was, told and read: any text, any uids', async (t) => {
      const { journal, told } = await openAlone(t);
      const messages = [
        ...nastyPushes.map((push) => sampleMessage({ push })),
        sampleMessage({ uids: Array.from({ length: 10_000 }, (_, index) => `user-${index}`) }),
        sampleMessage({ uids: ['a\nb', '"', "'", '\\', '0', '漢字', '\u2028', '__proto__', ' '] }),
        sampleMessage({ uids: null, type: 'naïve "type"\n', expiresAtMs: 8_640_000_000_000_000 }),
        sampleMessage({ hasCallersId: true, id: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~' }),
      ];
      await journal.append(messages);
      await told.ids(messages.length);
      assert.deepEqual(
        told.entries.map(({ message }) => message),
        messages,
      );
      assert.deepEqual(await journal.read(0, 100), told.entries);
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

    test('keeps no more messages than it may, and says since when it is complete', async (t) => {
      const { journal, told } = await openAlone(t, { messages: 100 });
      const dropped = sampleMessage({ hasCallersId: true });
      await journal.append([dropped]);
      for (let group = 0; group < 25; group += 1) await journal.append(sampleMessages(10));
      await told.ids(251);
      assert.deepEqual(await journal.read(0, 1000), told.entries.slice(-100));
      assert.equal(await journal.completeSince(), told.entries.at(-101)?.mid);
      // The id went with its entry.
      const [again] = await journal.append([dropped]);
      assert.equal(again?.duplicate, false);
      assert.equal((await journal.append([dropped]))[0]?.duplicate, true);
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
    });

    test('keeps no message for longer than it may', async (t) => {
      const { journal, told } = await openAlone(t, { ageMs: 1 });
      await journal.append(sampleMessages(5));
      await told.ids(5);
      const last = journal.head();
      while (Date.now() * 1000 <= last + 2000) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(await journal.completeSince(), last);
      assert.deepEqual(await journal.read(0, 1000), []);
    });

    test('begins with a head that is complete, and tells nothing of before', async (t) => {
      const { journal, told } = await openAlone(t);
      assert.ok(Number.isSafeInteger(journal.head()));
      assert.equal(await journal.completeSince(), journal.head());
      assert.deepEqual(told.entries, []);
    });

    test('what is on its way when the stop comes is still appended', async (t) => {
      const { journal } = await openAlone(t);
      const appends = sampleMessages(20).map((message) => journal.append([message]));
      await journal.stop();
      const mids = (await Promise.all(appends)).flat().map(({ mid }) => mid);
      assert.equal(new Set(mids).size, 20);
    });

    if (guarantees.survivesProcess) {
      test('keeps what was appended when the instance ends, with the ids and the numbering', async (t) => {
        const store = await openStore(t);
        const earlier = await open(t, store);
        const messages = sampleMessages(20);
        const appended = await earlier.journal.append(messages);
        await earlier.journal.stop();

        const { journal, told } = await open(t, store);
        assert.equal(journal.head(), appended.at(-1)?.mid);
        assert.deepEqual(
          (await journal.read(0, 100)).map(({ message }) => message),
          messages,
        );
        assert.deepEqual(
          await journal.append(messages),
          appended.map(({ mid }) => ({ mid, duplicate: true })),
        );
        const next = sampleMessage();
        const [numbered] = await journal.append([next]);
        assert.ok((numbered?.mid ?? 0) > (appended.at(-1)?.mid ?? 0));
        assert.deepEqual(await told.ids(1), [next.id]);
      });
    }

    if (guarantees.shared) {
      test('instances on one store are told the same, whoever appends', async (t) => {
        const store = await openStore(t);
        const instances = [await open(t, store), await open(t, store), await open(t, store)];
        const appended = await Promise.all(
          instances.map(async ({ journal }) => {
            const mids: number[] = [];
            for (let round = 0; round < 60; round += 1) {
              const answers = await journal.append(sampleMessages(1 + (round % 4)));
              mids.push(...answers.map(({ mid }) => mid));
            }
            return mids;
          }),
        );
        const all = appended.flat().sort((one, other) => one - other);
        for (const { told } of instances) {
          await told.ids(all.length);
          assert.deepEqual(
            told.entries.map(({ mid }) => mid),
            all,
          );
        }
        assert.deepEqual(instances[1]?.told.entries, instances[0]?.told.entries);
        assert.deepEqual(instances[2]?.told.entries, instances[0]?.told.entries);
        assert.deepEqual(await instances[0]?.journal.read(0, 10_000), instances[0]?.told.entries);
      });

      test('any id is appended once across instances, also at the same time', async (t) => {
        const store = await openStore(t);
        const instances = [await open(t, store), await open(t, store)];
        const messages = sampleMessages(200);
        const answers = await Promise.all(
          instances.map(({ journal }) => Promise.all(messages.map((message) => journal.append([message])))),
        );
        const [one = [], other = []] = answers.map((calls) => calls.flat());
        assert.deepEqual(
          one.map(({ mid }) => mid),
          other.map(({ mid }) => mid),
        );
        one.forEach(({ duplicate }, index) => assert.notEqual(duplicate, other[index]?.duplicate));
        for (const { told } of instances) {
          const ids = await told.ids(200);
          assert.deepEqual([...ids].sort(), messages.map(({ id }) => id).sort());
        }
      });

      test('an instance that begins later is told what comes after its beginning', async (t) => {
        const store = await openStore(t);
        const early = await open(t, store);
        await early.journal.append(sampleMessages(5));
        const late = await open(t, store);
        assert.equal(late.journal.head(), early.journal.head());
        await early.journal.append(sampleMessages(3));
        await late.told.ids(3);
        await early.told.ids(8);
        assert.deepEqual(late.told.entries, early.told.entries.slice(5));
      });

      test('stores of different deployments do not meet', async (t) => {
        const [one, other] = [await openAlone(t), await openAlone(t)];
        const message = sampleMessage();
        await one.journal.append([message]);
        const [appended] = await other.journal.append([message]);
        assert.equal(appended?.duplicate, false);
        await one.told.ids(1);
        await other.told.ids(1);
        assert.notEqual(one.told.entries[0]?.mid, other.told.entries[0]?.mid);
      });
    }
  });
}
