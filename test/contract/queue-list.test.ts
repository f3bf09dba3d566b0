import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Journal } from '../../src/journal/journal.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { createListQueue } from '../../src/queue/list.ts';
import { machineClock } from './machine-clock.ts';
import { queueSuite } from './queue-suite.ts';
import { plenty } from './redis-place.ts';
import { sampleMessages } from './sample-message.ts';

const openJournal = (): Journal =>
  createMemoryJournal({ now: Date.now, clock: machineClock, onExpired: () => {} }, plenty);

queueSuite({
  name: 'list',
  guarantees: { survivesProcess: false, manyInstances: false, schedules: false },
  keepsOrderOfCalls: true,
  openStore: () =>
    Promise.resolve({
      create() {
        const journal = openJournal();
        const onLost = (): never => assert.fail('the memory journal refuses nothing');
        return { journal, queue: createListQueue({ journal, onLost }, { maxWaiting: 10_000 }) };
      },
    }),
});

test('list: what is more than may wait is refused whole, and nothing of it is told', async () => {
  const journal = openJournal();
  const told: string[] = [];
  await journal.start((entries) => told.push(...entries.map(({ message }) => message.id)));
  const queue = createListQueue({ journal, onLost: () => {} }, { maxWaiting: 10 });
  const first = sampleMessages(8);
  // In one go: the journal takes what waits as soon as the caller pauses.
  const taking = queue.accept(first);
  const refused = await queue.accept(sampleMessages(3));
  assert.deepEqual(await taking, { ok: true });
  assert.ok(!refused.ok && refused.code === 'queue_full');
  await queue.stop();
  assert.deepEqual(
    told,
    first.map(({ id }) => id),
  );
  assert.deepEqual(await queue.accept(sampleMessages(3)), { ok: true });
  await queue.stop();
  assert.equal(told.length, 11);
});

test('list: what the journal refuses is reported as lost, and the next messages go on', async () => {
  const journal = openJournal();
  await journal.start(() => {});
  const append = journal.append.bind(journal);
  let refusals = 1;
  journal.append = (messages) => (refusals-- > 0 ? Promise.reject(new Error('no room')) : append(messages));
  const lost: string[] = [];
  const queue = createListQueue(
    { journal, onLost: (messages) => lost.push(...messages.map(({ id }) => id)) },
    { maxWaiting: 10 },
  );
  const [first, second] = [sampleMessages(2), sampleMessages(2)];
  await queue.accept(first);
  await queue.stop();
  await queue.accept(second);
  await queue.stop();
  assert.deepEqual(
    lost,
    first.map(({ id }) => id),
  );
  assert.equal((await journal.read(0, 10)).length, 2);
});
