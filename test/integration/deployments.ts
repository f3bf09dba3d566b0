import type { Scope } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import type { Redis } from '../support/redis.ts';
import { crewOf } from './crew-stats.ts';

/** Instances of one deployment, with further flags for each. */
export type StartDeployment = (scope: Scope, flags?: readonly string[]) => Promise<readonly [Instance, ...Instance[]]>;

let prefixes = 0;

/** Every kind of deployment, by name: what holds of a uid holds in each. */
export function deployments(redis: Pick<Redis, 'address'>): Readonly<Record<string, StartDeployment>> {
  const onRedis = (queue: string): string[] => [
    `--queue=${queue}/${redis.address}`,
    `--redis-prefix=d${(prefixes += 1)}`,
  ];
  const crew = async (scope: Scope, flags: readonly string[]): Promise<readonly [Instance]> => {
    const instance = await startInstance(scope, { flags: ['--workers=2', ...flags] });
    await eventually(async () => {
      const { workers } = await crewOf(instance);
      return workers.length === 2 && workers.every(({ readiness }) => readiness?.ok === true) ? true : undefined;
    }, 'every worker to be ready');
    return [instance];
  };
  const pair = async (scope: Scope, flags: readonly string[]): Promise<readonly [Instance, Instance]> =>
    Promise.all([startInstance(scope, { flags }), startInstance(scope, { flags })]);
  return {
    list: async (scope, flags = []) => [await startInstance(scope, { flags })],
    'list with workers': (scope, flags = []) => crew(scope, flags),
    'two on redis': (scope, flags = []) => pair(scope, [...onRedis('redis'), ...flags]),
    'two on bullmq': (scope, flags = []) => pair(scope, [...onRedis('bullmq'), ...flags]),
    'workers on redis': (scope, flags = []) => crew(scope, [...onRedis('redis'), ...flags]),
  };
}

/** How many processes of a deployment answer a question. */
export function processesOf(name: string): number {
  if (name.includes('workers')) return 3;
  return name.startsWith('two') ? 2 : 1;
}
