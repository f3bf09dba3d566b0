import { makeTempDir } from '../support/temp-dir.ts';
import type { Scope } from '../support/cleanup.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { startRedis, type Redis } from '../support/redis.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import type { Setup } from './setups.ts';

/** The place of one instance, which is there whether or not a process runs in it. */
export interface Slot {
  readonly index: number;
  /** Where its process listens, or did last. */
  url(): string;
  readonly instance: Instance;
  readonly clock: FakeClock;
  state: 'up' | 'paused' | 'down';
  /** Starts a process again, on the port that the last one had unless it `moves`. */
  start(moves: boolean): Promise<void>;
}

export interface Deployment {
  readonly setup: Setup;
  readonly slots: readonly Slot[];
  /** Throws where the set-up has none. */
  redis(): Redis;
  redisState: 'up' | 'paused' | 'down';
}

const FLAGS = ['--connection-budget=64KiB', '--retention-bytes=4GiB', '--retention-messages=10000000'];

/** Starts the set-up's Redis (append-only, fsync at every write) and its instances; all end with the scope. */
export async function startDeployment(scope: Scope, setup: Setup): Promise<Deployment> {
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];
  const redis = setup.hasRedis ? await startRedis(scope, { args: durable }) : undefined;
  const dir = await makeTempDir(scope);
  const flags = [
    ...setup.flags({ redis: redis?.address ?? '', dir }),
    ...FLAGS,
    `--drain=${setup.instances > 1 ? '2s' : '500ms'}`,
  ];
  const starting = Array.from({ length: setup.instances }, (_, index) => startSlot(scope, index, flags));
  const slots = await Promise.all(starting);
  return {
    setup,
    slots,
    redis() {
      if (redis === undefined) throw new Error(`the set-up ${setup.name} has no Redis`);
      return redis;
    },
    redisState: 'up',
  };
}

async function startSlot(scope: Scope, index: number, flags: readonly string[]): Promise<Slot> {
  const clock = createFakeClock(await makeTempDir(scope));
  const launch = (ports: readonly string[]): Promise<Instance> =>
    startInstance(scope, { flags: [...flags, ...ports], env: clock.env });
  let instance = await launch([]);
  let url = instance.url;
  const slot: Slot = {
    index,
    url: () => url,
    get instance() {
      return instance;
    },
    clock,
    state: 'up',
    async start(moves) {
      const again = [`--port=${new URL(url).port}`];
      // Somebody's outgoing connection may have been given the port meanwhile.
      const relaunched = moves ? launch([]) : launch(again).catch((error: unknown) => onPortTaken(error, launch));
      instance = await relaunched;
      url = instance.url;
      slot.state = 'up';
    },
  };
  return slot;
}

function onPortTaken(error: unknown, launch: (ports: readonly string[]) => Promise<Instance>): Promise<Instance> {
  if (/EADDRINUSE|in use/.test(String(error))) return launch([]);
  throw error;
}
