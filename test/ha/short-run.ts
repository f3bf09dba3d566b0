import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { runHa, type Figures } from './run-scenario.ts';
import type { HaName } from './scenarios.ts';

/** Accepted posts, and messages that reached a listener: less of them has shown nothing. */
const LEAST_ACCEPTED = 100;

/** Plays the small version of a scenario; what it lost, or refused against its promise, fails the test. Times are only told. */
export async function holds(t: TestContext, scenario: HaName, workers = 1): Promise<Figures> {
  const { failure, figures, log } = await runHa(t, { scenario, isFull: false, workers });
  t.diagnostic(JSON.stringify(figures));
  assert.equal(failure, '', `${failure}\n${log.join('\n')}`);
  assert.ok(figures.accepted >= LEAST_ACCEPTED, `${figures.accepted} accepted`);
  assert.ok(figures.delivered > figures.accepted, `${figures.delivered} delivered`);
  return figures;
}
