import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WorkerState } from '../../src/cluster/crew.ts';
import { createCrewCount } from '../../src/ops/crew-count.ts';
import type { WorkerAnswer } from '../../src/ops/worker-question.ts';
import { settled } from './hub-run.ts';

const answer = (worker: number, accepted: number, key = 'shop'): WorkerAnswer => ({
  worker,
  readiness: { ok: true },
  gauges: {},
  counters: { accepted, delivered: 2 * accepted },
  keys: { [key]: { accepted, refused: 1 } },
});

/** Two workers whose processes the test replaces, and whose answers it gives. */
function createRun() {
  const pids: (number | null)[] = [11, 12];
  const waiting: ((answers: readonly WorkerAnswer[]) => void)[] = [];
  const states = (): WorkerState[] =>
    pids.map((pid, index) => ({ worker: index + 1, pid, isReady: pid !== null, restarts: 0 }));
  const count = createCrewCount({ states, ask: () => new Promise((resolve) => waiting.push(resolve)) });
  return {
    pids,
    waiting,
    count,
    async answers(given: readonly WorkerAnswer[]): Promise<void> {
      const asked = count.answers();
      waiting.shift()?.(given);
      assert.deepEqual(await asked, given);
    },
  };
}

test('counters and keys are the newest of each, added up', async () => {
  const run = createRun();
  await run.answers([answer(1, 5), answer(2, 1)]);
  await run.answers([answer(1, 7), answer(2, 2, '__proto__')]);
  const { counters, keys } = run.count.counted();
  assert.deepEqual(counters, { accepted: 9, delivered: 18 });
  assert.deepEqual(Object.entries(keys), [
    ['shop', { accepted: 7, refused: 1 }],
    ['__proto__', { accepted: 2, refused: 1 }],
  ]);
});

test('who does not answer, and who has died, is counted as far as it was known', async () => {
  const run = createRun();
  await run.answers([answer(1, 5), answer(2, 1)]);
  await run.answers([answer(2, 3)]);
  assert.equal(run.count.counted().counters['accepted'], 8);
  run.pids[0] = null;
  run.count.ended(1);
  assert.equal(run.count.counted().counters['accepted'], 8);
  run.pids[0] = 21;
  await run.answers([answer(1, 1), answer(2, 3)]);
  assert.equal(run.count.counted().counters['accepted'], 9);
  run.count.ended(1);
  run.count.ended(1);
  assert.deepEqual(run.count.counted().keys, { shop: { accepted: 9, refused: 3 } });
});

test('who dies between its answer and those of the others is not counted twice', async () => {
  const run = createRun();
  await run.answers([answer(1, 5), answer(2, 1)]);
  const asked = run.count.answers();
  run.count.ended(1);
  run.pids[0] = 21;
  run.waiting.shift()?.([answer(1, 5), answer(2, 1)]);
  await asked;
  assert.equal(run.count.counted().counters['accepted'], 6);
});

test('an answer that is older than what is known takes nothing back', async () => {
  const run = createRun();
  const [slow, quick] = [run.count.answers(), run.count.answers()];
  run.waiting[1]?.([answer(1, 7)]);
  await quick;
  run.waiting[0]?.([answer(1, 5), answer(2, 1)]);
  await slow;
  assert.equal(run.count.counted().counters['accepted'], 8);
});

test('it asks by itself, until it is stopped', async ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval'] });
  const run = createRun();
  mock.timers.tick(1000);
  run.waiting.shift()?.([answer(1, 4)]);
  await settled();
  assert.equal(run.count.counted().counters['accepted'], 4);
  mock.timers.tick(1000);
  assert.equal(run.waiting.length, 1);
  run.count.stop();
  mock.timers.tick(10_000);
  assert.equal(run.waiting.length, 1);
});
