import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import type { Hub } from '../hub/hub.ts';
import type { Log } from '../ops/log.ts';
import { handOver } from './hand-over.ts';

export interface DrainDeps {
  readonly hub: Pick<Hub, 'connections' | 'handOver' | 'size' | 'terminateAll'>;
  readonly monotonicMs: () => number;
  /** A number from 0 up to, and not, 1. */
  readonly random: () => number;
  readonly log: Log;
}

export interface DrainOptions {
  /** In how long the connections are handed over. 0: at once. */
  readonly drainMs: number;
  /** How many processes of this instance drain at the same time. */
  readonly processes: number;
}

/** How a stopping instance gets rid of its connections. */
export interface Drain {
  /** Hands every connection over; resolves once none is left. To be called once, when no new one can come any more. */
  run(): Promise<void>;
  /** Hands over at once whoever is left, now or when it runs. Harmless when repeated. */
  hurry(): void;
  readonly isHurried: boolean;
}

/** How long the last ones have to answer their close frame, in a drain that is paced and in one that is not. */
const goodbyeMs = 5000;
const hurriedGoodbyeMs = 1000;

const checkMs = 10;

/** How often the log says how many are left. */
const sayEveryMs = 5000;

export function createDrain({ hub, monotonicMs, random, log }: DrainDeps, { drainMs, processes }: DrainOptions): Drain {
  const hurried = new AbortController();
  let isHurried = drainMs === 0;

  return {
    get isHurried() {
      return isHurried;
    },

    hurry() {
      if (isHurried) return;
      isHurried = true;
      hurried.abort();
      log.info({ event: 'hurried', connections: hub.size }, 'the connections that are left are closed at once');
    },

    async run() {
      const saying = setInterval(() => {
        log.info({ event: 'draining', connections: hub.size }, 'still handing over; another signal hurries');
      }, sayEveryMs);
      try {
        // What was posted in the same turn as the signal is with the hub after it, and goes before the goodbye.
        await turn();
        if (!isHurried)
          await handOver({ hub, monotonicMs, random }, { overMs: drainMs, processes, signal: hurried.signal });
        if (isHurried) await handOver({ hub, monotonicMs, random }, { overMs: 0, processes });
        const toldMs = monotonicMs();
        while (hub.size > 0 && monotonicMs() - toldMs < (isHurried ? hurriedGoodbyeMs : goodbyeMs))
          await delay(checkMs);
        hub.terminateAll();
      } finally {
        clearInterval(saying);
      }
    },
  };
}
