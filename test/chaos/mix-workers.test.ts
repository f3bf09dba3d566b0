import { test } from 'node:test';
import { assertHolds, shortMix } from './short-mix.ts';

test('faults of every kind with workers: nothing accepted is lost, repeated, stale or astray', async (t) => {
  assertHolds(await shortMix(t, 'workers'));
});
