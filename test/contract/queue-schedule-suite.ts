import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backlog } from '../../src/queue/queue.ts';
import type { Scope } from '../support/cleanup.ts';
import type { QueueInstance } from './queue-suite.ts';
import { sampleMessage, sampleMessages } from './sample-message.ts';

/** Gives what opens instances on one new store. */
export type OpenStore = (scope: Scope) => Promise<() => Promise<QueueInstance>>;

const hourMs = 3_600_000;

/** What a queue promises that schedules. */
export function scheduleTests(openStore: OpenStore): void {
  async function open(scope: Scope): Promise<QueueInstance & { backlog: Backlog }> {
    const instance = await (await openStore(scope))();
    assert.ok(instance.queue.backlog !== null);
    return { ...instance, backlog: instance.queue.backlog };
  }

  test('a scheduled message is handed on at its time, as it came', async (t) => {
    const { accept, told, backlog } = await open(t);
    const deliverAtMs = Date.now() + 1000;
    const later = sampleMessage({ deliverAtMs, fingerprint: 'f1', uids: ['a', 'b'] });
    const now = sampleMessage();
    await accept([later, now]);
    await accept([{ ...later }]);
    assert.deepEqual(await told.ids(2), [now.id, later.id]);
    assert.ok(Date.now() >= deliverAtMs);
    assert.deepEqual(told.entries[1]?.message, { ...later, deliverAtMs: 0 });
    assert.deepEqual(await backlog.scheduled(0, 10), { total: 0, items: [] });
    assert.equal(await backlog.findScheduled(later.id), undefined);
    const last = sampleMessage();
    await accept([later]);
    await accept([last]);
    assert.deepEqual(await told.ids(3), [now.id, later.id, last.id]);
  });

  test('the list is sorted by time, in pages', async (t) => {
    const { accept, backlog } = await open(t);
    const soon = Date.now() + 30_000;
    const far = Date.now() + hourMs;
    const times = [far + 3, soon + 1, far + 1, soon, far, soon + 2, far + 2];
    const messages = times.map((deliverAtMs) => sampleMessage({ deliverAtMs, expiresAtMs: deliverAtMs + 5 }));
    await accept(messages);
    const sorted = messages
      .map(({ id, deliverAtMs, expiresAtMs }) => ({ id, deliverAtMs, expiresAtMs }))
      .sort((a, b) => a.deliverAtMs - b.deliverAtMs);
    for (const limit of [1, 2, 4, 10]) {
      const pages = [];
      for (let from = 0; from < 7; from += limit) {
        const { total, items } = await backlog.scheduled(from, limit);
        assert.equal(total, 7);
        pages.push(...items);
      }
      assert.deepEqual(pages, sorted);
    }
    assert.deepEqual(await backlog.scheduled(7, 5), { total: 7, items: [] });
  });

  test('a repeat of a scheduled message is accepted, and is scheduled once, for the first time given', async (t) => {
    const { accept, backlog, queue } = await open(t);
    const message = sampleMessage({ deliverAtMs: Date.now() + hourMs, fingerprint: 'f1' });
    await Promise.all([accept([message]), accept([message])]);
    await accept([{ ...message, deliverAtMs: message.deliverAtMs + 1000 }]);
    const { id, deliverAtMs, expiresAtMs } = message;
    assert.deepEqual(await backlog.scheduled(0, 10), { total: 1, items: [{ id, deliverAtMs, expiresAtMs }] });
    const other = await queue.accept([{ ...message, fingerprint: 'f2' }]);
    assert.ok(!other.ok && other.code === 'id_conflict');
  });

  test('ids with any text are told apart', async (t) => {
    const { accept, backlog } = await open(t);
    const deliverAtMs = Date.now() + hourMs;
    const ids = ['a:b', 'a', '0', '0:1', '7', ' ', 'ü\n"', 'x'.repeat(500)];
    await accept(ids.map((id) => sampleMessage({ id, deliverAtMs, fingerprint: 'f1' })));
    const { items } = await backlog.scheduled(0, 100);
    assert.deepEqual(items.map(({ id }) => id).sort(), [...ids].sort());
    for (const id of ids) {
      assert.deepEqual(await backlog.findScheduled(id), { id, deliverAtMs, expiresAtMs: 0 });
      assert.equal(await backlog.cancel(id), true);
      assert.equal(await backlog.findScheduled(id), undefined);
    }
    assert.deepEqual(await backlog.scheduled(0, 100), { total: 0, items: [] });
  });

  test('what is cancelled is not handed on, whoever repeats it', async (t) => {
    const { accept, backlog, told } = await open(t);
    const deliverAtMs = Date.now() + 3000;
    const [ours, theirs, last] = [
      sampleMessage({ deliverAtMs }),
      sampleMessage({ deliverAtMs, fingerprint: 'f1' }),
      sampleMessage({ deliverAtMs: deliverAtMs + 1 }),
    ];
    await accept([ours, theirs, last]);
    assert.equal(await backlog.cancel(ours.id), true);
    assert.equal(await backlog.cancel(theirs.id), true);
    assert.equal(await backlog.cancel(theirs.id), false);
    assert.equal(await backlog.cancel('nobody has this'), false);
    await accept([theirs]);
    assert.equal((await backlog.scheduled(0, 10)).total, 1);
    assert.deepEqual(await told.ids(1), [last.id]);
    assert.equal(await backlog.cancel(last.id), false);
  });

  test('what was handed on cannot be cancelled', async (t) => {
    const { accept, backlog, told } = await open(t);
    const messages = sampleMessages(3, { fingerprint: 'f1' });
    await accept(messages);
    await told.ids(3);
    for (const { id } of messages) {
      assert.equal(await backlog.findScheduled(id), undefined);
      assert.equal(await backlog.cancel(id), false);
    }
  });

  test('a time that is over is now', async (t) => {
    const { accept, backlog, told } = await open(t);
    const messages = [sampleMessage({ deliverAtMs: 1 }), sampleMessage({ deliverAtMs: 1, fingerprint: 'f1' })];
    await accept(messages);
    await told.ids(2);
    assert.equal((await backlog.scheduled(0, 10)).total, 0);
  });

  test('a schedule survives its instance, and any instance lists and cancels it', async (t) => {
    const openNext = await openStore(t);
    const first = await openNext();
    const deliverAtMs = Date.now() + 3000;
    const [kept, cancelled] = [sampleMessage({ deliverAtMs }), sampleMessage({ deliverAtMs })];
    await first.accept([kept, cancelled]);
    await first.stop();
    const { queue, told } = await openNext();
    assert.equal((await queue.backlog?.scheduled(0, 10))?.total, 2);
    assert.equal(await queue.backlog?.cancel(cancelled.id), true);
    assert.deepEqual(await told.ids(1), [kept.id]);
  });
}
