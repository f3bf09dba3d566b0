import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeamRun } from './linked-seam-run.ts';

test('clients of workers get what they would get of one process, whatever is on its way', async (t) => {
  const sums: Record<string, number> = {};
  for (let seed = 1; seed <= 60; seed += 1) {
    const run = new SeamRun(t, seed);
    try {
      await run.start();
      for (let step = 0; step < 400; step += 1) await run.step();
      await run.finish();
      run.check();
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
    }
    for (const [what, count] of Object.entries(run.seen)) sums[what] = (sums[what] ?? 0) + count;
    t.mock.timers.reset();
  }
  const least = {
    appends: 4000,
    handed: 2000,
    watches: 1000,
    watchedAlready: 300,
    leftBeforeOpen: 50,
    returns: 300,
    resumed: 200,
    deaths: 10,
    frames: 30_000,
  };
  for (const [what, count] of Object.entries(least)) {
    assert.ok((sums[what] ?? 0) >= count, `${what}: ${JSON.stringify(sums)}`);
  }
});
