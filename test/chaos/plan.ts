import { seeded } from '../unit/seeded.ts';
import { messageTypes, type PlannedClient } from './plan-clients.ts';
import { drawFaults, type PlannedFault } from './plan-faults.ts';
import { drawRequests, type PlannedRequest } from './plan-load.ts';
import { faultsFor, type Scenario } from './scenarios.ts';
import type { Setup } from './setups.ts';

/** What happens in one round and when, in milliseconds from its begin. */
export interface Plan {
  readonly seed: number;
  /** Each poster's requests, one after the other. */
  readonly posters: readonly (readonly PlannedRequest[])[];
  readonly faults: readonly PlannedFault[];
}

export interface Size {
  readonly clients: number;
  readonly requestsPerSecond: number;
  readonly roundMs: number;
}

const POSTERS = 8;

/** The same seed, scenario, set-up, size and clients give the same plan. */
export function drawPlan(
  seed: number,
  scenario: Scenario,
  setup: Setup,
  size: Size,
  clients: readonly PlannedClient[],
): Plan {
  const chance = seeded(seed);
  const uids = [...new Set(clients.map(({ uid }) => uid))];
  const load = { uids, types: messageTypes, slots: setup.instances, copiedShare: scenario.copiedShare };
  const gapMs = (POSTERS * 1_000) / size.requestsPerSecond;
  return {
    seed,
    posters: Array.from({ length: POSTERS }, () => drawRequests(chance, load, size.roundMs, gapMs)),
    faults: drawFaults(chance, faultsFor(scenario, setup), size.roundMs, setup, clients),
  };
}
