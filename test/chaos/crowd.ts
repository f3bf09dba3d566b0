import { eventually } from '../support/deadline.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { seeded } from '../unit/seeded.ts';
import { ChaosClient } from './chaos-client.ts';
import type { History } from './history.ts';
import type { PlannedClient } from './plan-clients.ts';

/** All clients of a run, in one process. */
export interface Crowd {
  readonly clients: readonly ChaosClient[];
  /** Resolves once every client is connected; rejects after `limitMs` with how many are not. */
  allWelcome(limitMs: number): Promise<void>;
}

/** Connects the clients, which end with the scope. Each has a chance of its own, drawn from `seed`. */
export function startCrowd(
  scope: Scope,
  history: History,
  planned: readonly PlannedClient[],
  urls: () => readonly string[],
  seed: number,
): Crowd {
  const clients = planned.map((one, index) => {
    const record = history.addClient(one.uid, one.types);
    return new ChaosClient({ history, record, planned: one, chance: seeded(seed * 1_000 + index), urls });
  });
  endWith(scope, () => {
    for (const client of clients) client.end();
  });
  const away = (): number => clients.filter(({ isWelcome }) => !isWelcome).length;
  return {
    clients,
    async allWelcome(limitMs) {
      const probe = (): true | undefined => (away() === 0 ? true : undefined);
      await eventually(probe, () => `${away()} of ${clients.length} clients to connect`, limitMs);
    },
  };
}
