import type { Chance } from '../unit/seeded.ts';
import type { PlannedClient } from './plan-clients.ts';
import type { FaultKind } from './scenarios.ts';
import type { Setup } from './setups.ts';

export interface PlannedFault {
  readonly kind: FaultKind;
  readonly atMs: number;
  /** From its begin until things are put right; how long they then take is theirs. */
  readonly lengthMs: number;
  readonly slot: number;
  /** The worker of the slot that it happens to, counted among those that serve then. */
  readonly worker: number;
  /** The clients that it happens to, where it happens to clients. */
  readonly clients: readonly number[];
  /** By how much a clock is wrong meanwhile. */
  readonly jumpMs: number;
  /** A process that is started again listens somewhere else. */
  readonly moves: boolean;
}

/** Time at the begin of each round in which nothing is done, so that something is judged without excuses. */
export const CALM_MS = 3_000;
const BETWEEN_MS = 2_500;
const lengthsMs: Readonly<Record<FaultKind, readonly [number, number]>> = {
  'pause-redis': [1_000, 4_000],
  'kill-redis': [100, 2_000],
  'cut-subscriber': [0, 0],
  'cut-connections': [0, 0],
  'kill-instance': [0, 2_000],
  'kill-all': [0, 1_000],
  'pause-instance': [300, 3_000],
  'stop-instance': [0, 1_000],
  'drain-instance': [0, 1_000],
  'kill-worker': [0, 0],
  'kill-workers': [0, 0],
  'pause-worker': [300, 3_000],
  'slow-readers': [2_000, 5_000],
  'reconnect-storm': [0, 0],
  'stay-away': [1_000, 6_000],
  'clock-jump': [1_500, 4_000],
};
const HOUR_MS = 3_600_000;
const jumpsMs = [-24 * HOUR_MS, -2 * HOUR_MS, -60_000, -3_000, 3_000, 60_000, 2 * HOUR_MS, 24 * HOUR_MS];

/** Every kind at least once, in an order and at times of chance, about one every 2.5 s; lengths let them overlap. */
export function drawFaults(
  chance: Chance,
  kinds: readonly FaultKind[],
  roundMs: number,
  { instances, workers }: Pick<Setup, 'instances' | 'workers'>,
  clients: readonly PlannedClient[],
): PlannedFault[] {
  if (kinds.length === 0) return [];
  const spanMs = Math.max(0, roundMs - CALM_MS);
  const count = Math.max(kinds.length, Math.floor(spanMs / BETWEEN_MS));
  const order: FaultKind[] = [];
  while (order.length < count) order.push(...shuffled(chance, kinds));
  const stepMs = spanMs / count;
  return order.slice(0, count).map((kind, index) => {
    const [shortestMs, longestMs] = lengthsMs[kind];
    return {
      kind,
      atMs: CALM_MS + Math.floor((index + chance.below(1_000) / 1_000) * stepMs),
      lengthMs: shortestMs + chance.below(longestMs - shortestMs + 1),
      slot: chance.below(instances),
      clients: drawVictims(chance, kind, clients),
      jumpMs: kind === 'clock-jump' ? chance.pick(jumpsMs) : 0,
      moves: chance.happens(0.3),
      worker: kind.endsWith('-worker') ? chance.below(workers) : 0,
    };
  });
}

function drawVictims(chance: Chance, kind: FaultKind, clients: readonly PlannedClient[]): readonly number[] {
  const all = clients.map((_, index) => index);
  if (kind === 'reconnect-storm') return all;
  if (kind === 'slow-readers') return shuffled(chance, all).slice(0, 5);
  if (kind === 'stay-away') return shuffled(chance, all).slice(0, Math.ceil(all.length / 5));
  return [];
}

/** Items in an order of chance. */
function shuffled<T>(chance: Chance, items: readonly T[]): T[] {
  const rest = [...items];
  const order: T[] = [];
  while (rest.length > 0) order.push(...rest.splice(chance.below(rest.length), 1));
  return order;
}
