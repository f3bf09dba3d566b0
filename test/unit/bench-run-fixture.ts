import { emptyResult, type LoadResult } from '../../bench/load/run-plan.ts';
import type { SideRun } from '../../bench/run-side.ts';

/** A run with the given figure, on a machine that nobody else uses. */
export function run(deliveriesPerSecond: number, more: Partial<LoadResult> = {}, invalid = ''): SideRun {
  const usual = {
    problems: invalid,
    connections: 10,
    seconds: 1,
    deliveriesPerSecond,
    serverCpu: 1,
    generatorCpu: 0.5,
  };
  return { result: { ...emptyResult, ...usual, ...more }, invalid };
}
