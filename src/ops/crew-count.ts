import type { KeyCount } from '../auth/sender-auth.ts';
import type { WorkerState } from '../cluster/crew.ts';
import type { WorkerAnswer } from './worker-question.ts';

export interface CrewCountDeps {
  /** Asks the workers that are ready. */
  readonly ask: () => Promise<readonly WorkerAnswer[]>;
  readonly states: () => readonly WorkerState[];
}

/** What somebody has counted since its start. */
export interface Counted {
  readonly counters: Readonly<Record<string, number>>;
  readonly keys: Readonly<Record<string, KeyCount>>;
}

/** A worker that dies takes with it what it has counted since. */
const askEveryMs = 1000;

/**
 * Keeps what the workers have counted, also those that are gone and those that do not answer, since a sum over counters must never
 * fall. It asks by itself.
 */
export function createCrewCount({ ask, states }: CrewCountDeps) {
  const newest = new Map<number, Counted & { readonly round: number }>();
  let rounds = 0;
  let gone: Counted = { counters: {}, keys: {} };
  const asking = setInterval(() => void answers(), askEveryMs).unref();

  async function answers(): Promise<readonly WorkerAnswer[]> {
    const asked = states();
    const round = (rounds += 1);
    const given = await ask();
    const pids = new Map(states().map(({ worker, pid }) => [worker, pid]));
    for (const { worker, pid } of asked) {
      // Who has ended meanwhile is among the gone, with what was known of it then.
      const answer = pid !== null && pids.get(worker) === pid && given.find((each) => each.worker === worker);
      // A round that waited for somebody may end after a later one, with what was true before.
      if (!answer || (newest.get(worker)?.round ?? 0) > round) continue;
      newest.set(worker, { round, counters: answer.counters, keys: answer.keys });
    }
    return given;
  }

  return {
    /** What the workers say now. */
    answers,
    /** A worker's process has ended: the next one of this number begins at 0. */
    ended(worker: number): void {
      const last = newest.get(worker);
      newest.delete(worker);
      if (last !== undefined) gone = sumOf([gone, last]);
    },
    counted: (): Counted => sumOf([gone, ...newest.values()]),
    stop: (): void => clearInterval(asking),
  };
}

export type CrewCount = ReturnType<typeof createCrewCount>;

function sumOf(parts: readonly Counted[]): Counted {
  const counters: Record<string, number> = {};
  const keys = new Map<string, KeyCount>();
  for (const part of parts) {
    for (const [name, count] of Object.entries(part.counters)) counters[name] = (counters[name] ?? 0) + count;
    for (const [name, { accepted, refused }] of Object.entries(part.keys)) {
      const before = keys.get(name) ?? { accepted: 0, refused: 0 };
      keys.set(name, { accepted: before.accepted + accepted, refused: before.refused + refused });
    }
  }
  return { counters, keys: Object.fromEntries(keys) };
}
