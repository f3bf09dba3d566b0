import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis as RedisClient } from 'ioredis';
import { childPids, signalPid } from '../support/child-pids.ts';
import { eventually, within } from '../support/deadline.ts';
import type { Instance } from '../support/instance.ts';
import { request } from '../support/request.ts';
import type { Crowd } from './crowd.ts';
import type { Deployment, Slot } from './deployment.ts';
import type { Fault, History } from './history.ts';
import type { PlannedFault } from './plan-faults.ts';
import { whenMissed, whenServing } from './serving-workers.ts';

export interface InjectorOptions {
  readonly deployment: Deployment;
  readonly crowd: Crowd;
  readonly history: History;
  /** To speak to the set-up's Redis past the instances; undefined where there is none. */
  readonly client: RedisClient | undefined;
  /** Posts more than the sockets of these uids take, while they do not read. */
  readonly flood: (uids: readonly string[]) => Promise<void>;
}

/** Several faults may wait for the same instance, one after the other, and a start takes up to 10 s on a machine that is busy. */
const RUNS_AGAIN_MS = 60_000;
const GONE_MS = 8_000;

/** Does what was planned and puts it right again; resolves when everything runs. Waits for what is already broken. */
export async function inject(options: InjectorOptions, planned: PlannedFault): Promise<void> {
  const { deployment, crowd, history } = options;
  const { kind, lengthMs, moves } = planned;
  const slotToHit = async (): Promise<Slot> => {
    const slot = deployment.slots[planned.slot];
    if (slot === undefined) throw new RangeError(`no slot ${planned.slot}`);
    await eventually(() => (slot.state === 'up' ? true : undefined), `instance ${slot.index} to run`, RUNS_AGAIN_MS);
    return slot;
  };
  const redisToHit = async (): Promise<void> => {
    const isUp = (): true | undefined => (deployment.redisState === 'up' ? true : undefined);
    await eventually(isUp, 'Redis to run', RUNS_AGAIN_MS);
  };
  const during = async (target: string, slot: number, act: (fault: Fault) => Promise<void>): Promise<void> => {
    const fault = history.beginFault(kind, target, slot, Date.now());
    await act(fault);
    fault.endedMs = Date.now();
  };
  const clients = planned.clients.flatMap((index) => crowd.clients[index] ?? []);

  switch (kind) {
    case 'kill-instance':
    case 'stop-instance':
    case 'drain-instance': {
      const slot = await slotToHit();
      return during(`instance ${slot.index}`, slot.index, () => restart(slot, kind, lengthMs, moves));
    }
    case 'kill-all': {
      const slots = deployment.slots.filter(({ state }) => state === 'up');
      const kills = (): Promise<void>[] => slots.map((slot) => restart(slot, kind, lengthMs, moves));
      return during('every instance', -1, async () => void (await Promise.all(kills())));
    }
    case 'pause-instance': {
      const slot = await slotToHit();
      slot.state = 'paused';
      return during(`instance ${slot.index}`, slot.index, async () => {
        slot.instance.pause();
        await sleep(lengthMs);
        slot.instance.resume();
        slot.state = 'up';
      });
    }
    case 'kill-worker':
    case 'kill-workers':
    case 'pause-worker': {
      const slot = await slotToHit();
      // One that is killed is one of several: those that are left serve, so that nobody is excused for a wait.
      const serving = await whenServing(slot, kind === 'kill-worker' ? 2 : 1);
      const victims = kind === 'kill-workers' ? serving : [serving[planned.worker % serving.length] ?? 0];
      return during(`${victims.join()} of instance ${slot.index}`, slot.index, () =>
        harm(slot, kind, victims, lengthMs),
      );
    }
    case 'clock-jump': {
      const slot = await slotToHit();
      return during(`instance ${slot.index} by ${planned.jumpMs} ms`, slot.index, async () => {
        slot.clock.set(planned.jumpMs);
        await sleep(lengthMs);
        slot.clock.set(0);
      });
    }
    case 'pause-redis': {
      await redisToHit();
      deployment.redisState = 'paused';
      return during('Redis', -1, async () => {
        deployment.redis().pause();
        await sleep(lengthMs);
        deployment.redis().resume();
        deployment.redisState = 'up';
      });
    }
    case 'kill-redis': {
      await redisToHit();
      deployment.redisState = 'down';
      return during('Redis', -1, async () => {
        await deployment.redis().kill();
        await sleep(lengthMs);
        await deployment.redis().start();
        deployment.redisState = 'up';
      });
    }
    case 'cut-subscriber':
    case 'cut-connections': {
      await redisToHit();
      const type = kind === 'cut-subscriber' ? 'pubsub' : 'normal';
      return during(`${type} connections of Redis`, -1, async () => {
        await options.client?.call('client', ['kill', 'type', type, 'skipme', 'yes']).catch(() => {});
      });
    }
    case 'slow-readers':
      return during(`${clients.length} clients`, -1, async () => {
        for (const client of clients) client.pause(lengthMs);
        const uids = planned.clients.map((index) => history.clients[index]?.uid ?? '');
        await Promise.all([options.flood([...new Set(uids)]), sleep(lengthMs)]);
      });
    case 'reconnect-storm':
      return during(`${clients.length} clients`, -1, async () => {
        for (const client of clients) client.leave(0);
      });
    case 'stay-away':
      return during(`${clients.length} clients`, -1, async () => {
        for (const client of clients) client.leave(lengthMs);
        await sleep(lengthMs);
      });
  }
}

async function harm(
  slot: Slot,
  kind: 'kill-worker' | 'kill-workers' | 'pause-worker',
  victims: readonly number[],
  lengthMs: number,
): Promise<void> {
  const { instance } = slot;
  for (const victim of victims) signalPid(victim, kind === 'pause-worker' ? 'SIGSTOP' : 'SIGKILL');
  if (kind === 'pause-worker') {
    await sleep(lengthMs);
    for (const victim of victims) signalPid(victim, 'SIGCONT');
    return;
  }
  await whenMissed(instance, victims);
  await whenServing(slot, 1);
}

type Ending = 'kill-instance' | 'kill-all' | 'stop-instance' | 'drain-instance';

const endings: Readonly<Record<Ending, (instance: Instance) => Promise<void>>> = {
  'kill-instance': kill,
  'kill-all': kill,
  'stop-instance': (instance) => instance.stop(),
  async 'drain-instance'(instance) {
    await request(`${instance.adminUrl}/drain`, { method: 'POST' });
    await instance.ends();
  },
};

/** Nobody ends the workers of a supervisor that is killed: they do it themselves, and one that stands still once it goes on. */
async function kill(instance: Instance): Promise<void> {
  const workers = childPids(instance.pid);
  try {
    await within(instance.kill(), 'a killed instance and its workers to be gone', GONE_MS);
  } catch (error) {
    for (const worker of workers) signalPid(worker, 'SIGKILL');
    throw error;
  }
}

async function restart(slot: Slot, kind: Ending, lengthMs: number, moves: boolean): Promise<void> {
  slot.state = 'down';
  // A process cannot know that the clock it starts with is wrong.
  slot.clock.set(0);
  await endings[kind](slot.instance);
  await sleep(lengthMs);
  await slot.start(moves);
}
