import { eventually, within } from '../support/deadline.ts';
import type { Instance } from '../support/instance.ts';
import type { Slot } from './deployment.ts';

/** A worker may be held back for 30 s after several deaths; then it starts. */
const SERVING_MS = 60_000;
const HEARD_OF_MS = 10_000;

/** The workers of an instance that take connections, by pid, in the order in which they began to. */
export function servingWorkers(instance: Instance): number[] {
  const pids = new Set<number>();
  for (const line of instance.lines) {
    const [, event, pid] = /"event":"worker\.(ready|died)".*"pid":(\d+)/.exec(line) ?? [];
    if (event === 'ready') pids.add(Number(pid));
    if (event === 'died') pids.delete(Number(pid));
  }
  return [...pids];
}

/** Resolves with those of the slot's process, whichever it is by then, once they are so many. */
export function whenServing(slot: Slot, least: number): Promise<number[]> {
  const probe = (): number[] | undefined => {
    const pids = slot.state === 'down' ? [] : servingWorkers(slot.instance);
    return pids.length >= least ? pids : undefined;
  };
  return eventually(probe, `${least} workers to serve`, SERVING_MS);
}

/** Resolves when the supervisor knows that these have died, or has ended itself. */
export async function whenMissed(instance: Instance, pids: readonly number[]): Promise<void> {
  const heard = pids.map((killed) => instance.logged('worker.died', ({ pid }) => pid === killed));
  const ended = instance.exited.then(() => []);
  const known = Promise.race([Promise.all(heard), ended]).catch(() => []);
  await within(known, 'the death of a worker to be heard of', HEARD_OF_MS);
}
