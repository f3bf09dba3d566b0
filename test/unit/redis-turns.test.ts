import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurns } from '../../src/journal/redis-turns.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('so many run at a time, in the order of the calls, and a failure gives its place away too', async () => {
  const turns = createTurns(3);
  const begun: number[] = [];
  const ends: ((error?: Error) => void)[] = [];
  let running = 0;
  let most = 0;
  const tasks = Array.from({ length: 10 }, (_, index) =>
    turns.run(async () => {
      begun.push(index);
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve, reject) =>
        ends.push((error) => (error === undefined ? resolve() : reject(error))),
      );
      running -= 1;
      return index;
    }),
  );
  const settled = Promise.allSettled(tasks);
  await turn();
  assert.deepEqual(begun, [0, 1, 2]);
  for (let ended = 0; ended < 10; ended += 1) {
    ends[ended]?.(ended === 4 ? new Error('four') : undefined);
    if (ended === 4) running -= 1;
    await turn();
    assert.equal(begun.length, Math.min(10, ended + 4));
  }
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(most, 3);
  const results = await settled;
  assert.deepEqual(
    results.map((result) => (result.status === 'fulfilled' ? result.value : 'failed')),
    [0, 1, 2, 3, 'failed', 5, 6, 7, 8, 9],
  );
  assert.equal(await turns.run(() => Promise.resolve('again')), 'again');
});
