import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Journal } from '../../src/journal/journal.ts';
import type { Accepted, Queue, QueueGuarantees } from '../../src/queue/queue.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { scheduleTests } from './queue-schedule-suite.ts';
import { nastyPushes, sampleMessage, sampleMessages } from './sample-message.ts';
import { createTold, type Told } from './told.ts';

/** What one instance has of a queue. */
export interface QueueParts {
  readonly journal: Journal;
  readonly queue: Queue;
}

/** A store for one test: all parts that are created on it are instances of one deployment. */
export interface QueueStore {
  create(): QueueParts;
}

export interface QueueDriver {
  readonly name: string;
  /** What the driver must say of itself: which tests there are follows from it. */
  readonly guarantees: QueueGuarantees;
  /** Messages of two calls, one made after the other was answered, are appended in that order. */
  readonly keepsOrderOfCalls: boolean;
  openStore(scope: Scope): Promise<QueueStore>;
}

export interface QueueInstance extends QueueParts {
  readonly told: Told;
  /** Accepts, and fails when that is refused. */
  accept(messages: Parameters<Queue['accept']>[0]): Promise<void>;
  stop(): Promise<void>;
}

const yes: Accepted = { ok: true };

/** What every queue promises. */
export function queueSuite({ name, guarantees, keepsOrderOfCalls, openStore }: QueueDriver): void {
  async function open(scope: Scope, store: QueueStore): Promise<QueueInstance> {
    const { journal, queue } = store.create();
    const told = createTold();
    let stopped: Promise<void> | undefined;
    const stop = (): Promise<void> => (stopped ??= queue.stop().then(() => journal.stop()));
    endWith(scope, stop);
    await journal.start(told.follower);
    await queue.start();
    await eventually(
      () => (queue.health().ok ? true : undefined),
      () => JSON.stringify(queue.health()),
    );
    const accept: QueueInstance['accept'] = async (messages) => {
      assert.deepEqual(await queue.accept(messages), yes);
    };
    return { journal, queue, told, accept, stop };
  }

  const openAlone = async (scope: Scope): Promise<QueueInstance> => open(scope, await openStore(scope));

  suite(`queue: ${name}`, () => {
    test('says what it guarantees', async (t) => {
      const { queue } = await openAlone(t);
      assert.deepEqual(queue.guarantees, guarantees);
      assert.equal(queue.backlog !== null, guarantees.schedules);
    });

    test('what it accepts reaches the follower once', async (t) => {
      const { accept, told } = await openAlone(t);
      const messages = sampleMessages(300);
      await Promise.all(messages.map((message) => accept([message])));
      const ids = await told.ids(300);
      assert.deepEqual(ids.sort(), messages.map(({ id }) => id).sort());
    });

    test('the messages of one call stay together and in order', async (t) => {
      const { accept, told } = await openAlone(t);
      const batches = Array.from({ length: 60 }, () => sampleMessages(25));
      await Promise.all(batches.map(accept));
      const ids = await told.ids(1500);
      for (const batch of batches) {
        const at = ids.indexOf(batch[0]?.id ?? '');
        assert.deepEqual(
          ids.slice(at, at + batch.length),
          batch.map(({ id }) => id),
        );
      }
    });

    if (keepsOrderOfCalls) {
      test('calls keep their order', async (t) => {
        const { accept, told } = await openAlone(t);
        const messages = sampleMessages(200);
        for (const message of messages) await accept([message]);
        assert.deepEqual(
          await told.ids(200),
          messages.map(({ id }) => id),
        );
      });
    }

    test('a message comes out as it went in: any text, any uids', async (t) => {
      const { accept, told } = await openAlone(t);
      const messages = [
        ...nastyPushes.map((push) => sampleMessage({ push })),
        sampleMessage({ uids: Array.from({ length: 10_000 }, (_, index) => `user-${index}`) }),
        sampleMessage({ uids: ['a\nb', '"', '漢字', '\u2028'], type: 'x"y', fingerprint: 'f1' }),
        sampleMessage({ uids: null, expiresAtMs: 8_640_000_000_000_000 }),
      ];
      await accept(messages);
      await told.ids(messages.length);
      assert.deepEqual(
        told.entries.map(({ message }) => message),
        messages,
      );
    });

    test("a caller's id that is accepted twice reaches the follower once", async (t) => {
      const { accept, told } = await openAlone(t);
      const message = sampleMessage({ fingerprint: 'f1' });
      await Promise.all([accept([message]), accept([message]), accept([message])]);
      await accept([message]);
      const last = sampleMessage();
      await eventually(() => (told.entries.length > 0 ? true : undefined), 'the first entry');
      await accept([message]);
      await accept([last]);
      assert.deepEqual(await told.ids(2), [message.id, last.id]);
    });

    test("a caller's id with another fingerprint is a conflict, before and after its append", async (t) => {
      const { queue, accept, told } = await openAlone(t);
      const message = sampleMessage({ fingerprint: 'f1' });
      const other = { ...message, fingerprint: 'f2' };
      const answers = await Promise.all([queue.accept([message]), queue.accept([other])]);
      assert.deepEqual(answers[0], yes);
      assertConflict(answers[1], [0]);
      await told.ids(1);
      assertConflict(await queue.accept([other]), [0]);
      await accept([message]);
      const last = sampleMessage();
      await accept([last]);
      assert.deepEqual(await told.ids(2), [message.id, last.id]);
    });

    test('of a call with a conflict nothing is accepted, and nothing of it is remembered', async (t) => {
      const { queue, accept, told } = await openAlone(t);
      const known = sampleMessage({ fingerprint: 'f1' });
      await accept([known]);
      const [ours, theirs] = [sampleMessage(), sampleMessage({ fingerprint: 'f3' })];
      const never = sampleMessage({ fingerprint: 'f6' });
      const refused = [theirs, ours, { ...known, fingerprint: 'f2' }, never];
      const beside = sampleMessage({ fingerprint: 'f4' });
      // Calls of one moment may share a group, and no more than that.
      const answers = await Promise.all([queue.accept(refused), queue.accept([beside])]);
      assertConflict(answers[0], [2]);
      assert.deepEqual(answers[1], yes);
      await accept([{ ...theirs, fingerprint: 'f5' }]);
      assert.deepEqual((await told.ids(3)).sort(), [known.id, beside.id, theirs.id].sort());
    });

    test('an id that stands twice in one call, for two messages, is a conflict', async (t) => {
      const { queue, accept, told } = await openAlone(t);
      const message = sampleMessage({ fingerprint: 'f1' });
      assertConflict(await queue.accept([message, { ...message, fingerprint: 'f2' }]), [1]);
      await accept([message, message]);
      assert.deepEqual(await told.ids(1), [message.id]);
    });

    test('a stop hands on what was accepted before', async (t) => {
      const store = await openStore(t);
      const { accept, told, journal, stop } = await open(t, store);
      const before = journal.head();
      await accept(sampleMessages(50));
      await stop();
      if (!guarantees.survivesProcess) {
        await told.ids(50);
        return;
      }
      // What this instance did not come to, the next one does.
      const next = await open(t, store);
      await eventually(async () => {
        const kept = await next.journal.read(before, 100);
        return kept.length === 50 ? true : undefined;
      }, 'all 50 messages in the journal');
    });

    test('what is on its way when the stop comes is still accepted', async (t) => {
      const { queue, stop } = await openAlone(t);
      const answers = sampleMessages(20).map(async (message) => queue.accept([message]));
      await stop();
      for (const answer of await Promise.all(answers)) assert.deepEqual(answer, yes);
    });

    if (guarantees.manyInstances) {
      test('ids are known to all instances', async (t) => {
        const store = await openStore(t);
        const [one, two] = [await open(t, store), await open(t, store)];
        const message = sampleMessage({ fingerprint: 'f1' });
        await Promise.all([one.accept([message]), two.accept([message])]);
        assertConflict(await two.queue.accept([{ ...message, fingerprint: 'f2' }]), [0]);
        const last = sampleMessage();
        await two.told.ids(1);
        await two.accept([message]);
        await two.accept([last]);
        for (const { told } of [one, two]) assert.deepEqual(await told.ids(2), [message.id, last.id]);
      });

      test('what one instance accepts reaches the followers of all, in the same order', async (t) => {
        const store = await openStore(t);
        const instances = [await open(t, store), await open(t, store)];
        await Promise.all(
          instances.map(async ({ accept }) => {
            for (let round = 0; round < 50; round += 1) await accept(sampleMessages(4));
          }),
        );
        for (const { told } of instances) await told.ids(400);
        assert.deepEqual(instances[1]?.told.entries, instances[0]?.told.entries);
      });
    }

    if (guarantees.schedules)
      scheduleTests(async (scope) => {
        const store = await openStore(scope);
        return () => open(scope, store);
      });
  });
}

function assertConflict(answer: Accepted | undefined, conflicts: readonly number[]): void {
  assert.ok(answer !== undefined && !answer.ok && answer.code === 'id_conflict', JSON.stringify(answer));
  assert.deepEqual(answer.conflicts, conflicts);
}
