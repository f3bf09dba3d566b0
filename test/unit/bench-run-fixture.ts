import type { LoadResult } from '../../bench/load/run-plan.ts';
import type { SideRun } from '../../bench/run-side.ts';

/** A run with the given figure, on a machine that nobody else uses. */
export function run(deliveriesPerSecond: number, more: Partial<LoadResult> = {}, invalid = ''): SideRun {
  const latency = { samples: 0, p50Micros: 0, p99Micros: 0, maxMicros: 0 };
  const result: LoadResult = {
    problems: invalid,
    connections: 10,
    connectSeconds: 0,
    serverConnectMicros: 0,
    residentKbPerConnection: 0,
    residentKb: 0,
    residentGrownKb: 0,
    posts: 0,
    expectedDeliveries: 0,
    deliveries: 0,
    postSeconds: 0,
    seconds: 1,
    postsPerSecond: 0,
    deliveriesPerSecond,
    serverMicrosPerPost: 0,
    serverMicrosPerDelivery: 0,
    serverCpu: 1,
    generatorCpu: 0.5,
    storeCpu: 0,
    foreignCpu: 0,
    latency,
    pacingLag: latency,
    ...more,
  };
  return { result, invalid };
}
