import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../hub/connection.ts';
import type { Counters } from '../ops/counters.ts';
import type { Log } from '../ops/log.ts';
import { handOver, type HandOverDeps } from './hand-over.ts';

export interface HandBackDeps extends HandOverDeps {
  readonly counters: Pick<Counters, 'handedBack'>;
  readonly log: Log;
}

export interface HandBackOptions {
  /** In how long the clients are handed back, if they are many. 0: at once. */
  readonly drainMs: number;
  /** How many processes hand back at the same time, each its part of the clients. */
  readonly processes: number;
}

/**
 * How long a client stays at least. For 10 s nginx sends everybody to the backup when it has met a primary that failed
 * (`fail_timeout` in deploy/nginx.conf): who was handed back sooner would be back here at once.
 */
const minStayMs = 10_000;

/** How often it is looked whether somebody has come meanwhile. */
const lookEveryMs = 1000;

/** A few go sooner than `drainMs`: one in this time, of all processes, is no crowd for the primary. */
const fewEachMs = 100;

/** Gives a primary its clients back: those whom this process has. The process stays ready meanwhile. */
export class HandBack {
  readonly #deps: HandBackDeps;
  readonly #options: HandBackOptions;
  #going: AbortController | undefined;

  constructor(deps: HandBackDeps, options: HandBackOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** The primary is well: until `end` those who are here go to it, and later who comes all the same. Harmless when repeated. */
  begin(): void {
    if (this.#going !== undefined) return;
    this.#going = new AbortController();
    void this.#giveBack(this.#going.signal);
  }

  /** Nobody is handed back from now on. Harmless when repeated. */
  end(): void {
    this.#going?.abort();
    this.#going = undefined;
  }

  async #giveBack(signal: AbortSignal): Promise<void> {
    const { hub, monotonicMs, counters, log } = this.#deps;
    const { drainMs, processes } = this.#options;
    const hasStayed = ({ openedMs }: Connection): boolean => monotonicMs() - openedMs >= minStayMs;
    while (!signal.aborted) {
      const count = [...hub.connections()].filter(hasStayed).length;
      if (count > 0) {
        const overMs = Math.min(drainMs, count * processes * fewEachMs);
        log.info({ event: 'handing-back', connections: count, overMs });
        const went = await handOver(this.#deps, { overMs, processes, which: hasStayed, signal });
        counters.handedBack += went;
        log.info({ event: 'handed-back', connections: went, left: count - went });
      }
      await delay(lookEveryMs, undefined, { signal }).catch(() => {});
    }
  }
}
