import assert from 'node:assert/strict';
import type { Scope } from '../support/cleanup.ts';
import { runScenario } from './run-scenario.ts';
import type { SetupName } from './setups.ts';
import type { RunResult } from './summary.ts';

/** Seconds of load and faults; waiting for the rest to arrive comes on top. */
const ROUND_MS = 16_000;
const LEAST_ACCEPTED = 800;

/** One round of everything, with a seed of its own each time: a failure names it, so that it can be run again. */
export function shortMix(scope: Scope, setup: SetupName): Promise<RunResult> {
  return runScenario(scope, {
    scenario: 'mix',
    setup,
    seed: Date.now() % 1_000_000,
    rounds: 1,
    size: { clients: 100, requestsPerSecond: 120, roundMs: ROUND_MS },
  });
}

export function assertHolds(run: RunResult): void {
  assert.equal(run.failure, '');
  assert.ok(run.accepted >= LEAST_ACCEPTED, `${run.accepted} accepted`);
  assert.ok(run.delivered > run.accepted, `${run.delivered} delivered`);
}
