import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFuzz } from './run-fuzz.ts';
import { setupNames, type SetupName } from './setups.ts';

const inputs = 50_000;

/** What must have come back how often at least, or the inputs have not tried what they are for. */
const leastOf: Readonly<Record<SetupName, Readonly<Record<number, number>>>> = {
  open: { 101: 500, 200: 100, 202: 1_000, 400: 1_500, 404: 500, 405: 250, 413: 20, 415: 150, 422: 50, 431: 10 },
  closed: { 101: 500, 200: 100, 201: 10, 202: 500, 400: 1_500, 401: 500, 403: 500, 404: 500, 422: 20 },
};

for (const setup of setupNames) {
  // A seed of its own each time: a failure names it, so that it can be run again.
  test(`${inputs / setupNames.length} hostile inputs to a server that is ${setup}: each answered as promised, nobody harmed, nothing kept`, async (t) => {
    const result = await runFuzz(t, { setup, seed: Date.now() % 1_000_000, inputs: inputs / setupNames.length });
    assert.deepEqual(result.violations, []);
    assert.ok(result.inputs >= inputs / setupNames.length);
    for (const [status, least] of Object.entries(leastOf[setup])) {
      assert.ok(result.tally.of(Number(status)) >= least, `too few ${status}: ${result.tally.toString()}`);
    }
  });
}
