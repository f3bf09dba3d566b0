import type { Action, Standing } from '../../src/auth/standing.ts';
import { createRedisStanding } from '../../src/cluster/redis-standing.ts';
import { createRedisConnection } from '../../src/journal/redis-connection.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import type { Redis } from '../support/redis.ts';

export interface RedisTruthOptions {
  readonly prefix: string;
  readonly instance?: string;
  /** The seats that are open at the instance, and what it knows of uids. */
  readonly seats?: ReadonlyMap<string, string>;
  readonly known?: readonly (readonly [string, Standing])[];
  readonly maxShutOut?: number;
}

/** The truth about uids in Redis as one instance asks it, by a connection of its own and without the rest of the instance. */
export async function openRedisTruth(scope: Scope, redis: Redis, options: RedisTruthOptions) {
  const { prefix, instance = 'test', seats = new Map<string, string>(), known = [], maxShutOut = 100_000 } = options;
  let isReady = (): void => {};
  const ready = new Promise<void>((resolve) => (isReady = resolve));
  const connection = createRedisConnection(
    { onReady: () => isReady(), onLost: () => {}, onChange: () => {} },
    { settings: { host: '127.0.0.1', port: redis.port, db: 0, tls: false }, deadlineMs: 5000 },
  );
  endWith(scope, () => connection.close());
  connection.open();
  await ready;
  const deps = { connection, instance, seats, standings: new Map(known) };
  const truth = createRedisStanding(deps, { prefix, maxShutOut });
  return {
    ...truth,
    /** Whether it was done, and not refused. */
    does: async (uid: string, action: Action): Promise<boolean> => (await truth.act(uid, action)) !== 'full',
  };
}
