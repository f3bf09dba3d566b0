import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFuzz } from './run-fuzz.ts';

const inputs = 50_000;

/** What must have come back how often at least, or the inputs have not tried what they are for. */
const leastOf: Readonly<Record<number, number>> = {
  101: 1_000,
  200: 200,
  202: 1_500,
  400: 3_000,
  404: 1_000,
  405: 500,
  413: 50,
  415: 300,
  422: 100,
  431: 20,
};

// A seed of its own each time: a failure names it, so that it can be run again.
test('50,000 hostile inputs: none is answered other than promised, none harms anybody, and nothing of them is kept', async (t) => {
  const result = await runFuzz(t, { seed: Date.now() % 1_000_000, inputs });
  assert.deepEqual(result.violations, []);
  assert.ok(result.inputs >= inputs);
  for (const [status, least] of Object.entries(leastOf)) {
    assert.ok(result.tally.of(Number(status)) >= least, `too few ${status}: ${result.tally.toString()}`);
  }
});
