import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../hub/connection.ts';
import type { Counters } from '../ops/counters.ts';
import type { Log } from '../ops/log.ts';
import type { PrimaryAnswer } from './ask-primary.ts';
import { handOver, type HandOverDeps } from './hand-over.ts';
import { PrimaryHealth, type PrimaryState } from './primary-state.ts';

export interface FailbackDeps extends HandOverDeps {
  readonly counters: Counters;
  readonly log: Log;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** The name of this instance, by which it notices that it asks itself. */
  readonly instance: string;
  /** Asks the primary; never rejects. */
  readonly ask: (signal: AbortSignal) => Promise<PrimaryAnswer>;
}

export interface FailbackOptions {
  /** How the primary is called in the log and in the statistics. */
  readonly backupOf: string;
  /** For how long the primary must have been ready without one failed answer. */
  readonly failbackAfterMs: number;
  /** In how long the clients are handed back, if they are many. 0: at once. */
  readonly drainMs: number;
}

/** What a backup says of its primary in `/stats`. */
export interface BackupReport {
  readonly of: string;
  readonly primary: PrimaryState;
  /** Unix milliseconds. */
  readonly since: number;
}

/** The primary is asked so often, and has so long to answer. */
export const askEveryMs = 1000;
export const askDeadlineMs = 2000;

/** After so long without having asked (this process was stopped, or its machine slept) nothing is known of the primary. */
const blindMs = 3 * (askEveryMs + askDeadlineMs);

/**
 * How long a client stays at least. For 10 s nginx sends everybody to the backup when it has met a primary that failed
 * (`fail_timeout` in deploy/nginx.conf): who was handed back sooner would be back here at once.
 */
const minStayMs = 10_000;

/** How often it is looked whether somebody has come meanwhile. */
const lookEveryMs = 1000;

/** A few go sooner than `drainMs`: one in this time is no crowd for the primary. */
const fewEachMs = 100;

/** Watches the primary of a backup, and gives it its clients back once it is well. This instance stays ready meanwhile. */
export class Failback {
  readonly #deps: FailbackDeps;
  readonly #options: FailbackOptions;
  readonly #health: PrimaryHealth;
  readonly #stopped = new AbortController();
  /** Ends the hand-back that is under way. */
  #handBack: AbortController | undefined;
  #isHeard = false;
  #hasMetItself = false;

  constructor(deps: FailbackDeps, options: FailbackOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#health = new PrimaryHealth(deps.monotonicMs(), { ...options, blindMs });
  }

  start(): void {
    void this.#watch();
  }

  /** Nobody is handed back from now on. */
  stop(): void {
    this.#stopped.abort();
    this.#handBack?.abort();
  }

  report(): BackupReport {
    const { now, monotonicMs } = this.#deps;
    const since = Math.round(now() - (monotonicMs() - this.#health.sinceMs));
    return { of: this.#options.backupOf, primary: this.#health.state, since };
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const askedMs = this.#deps.monotonicMs();
      const answer = await this.#deps.ask(signal);
      if (signal.aborted) return;
      this.#heed(answer);
      await delay(Math.max(0, askedMs + askEveryMs - this.#deps.monotonicMs()), undefined, { signal }).catch(() => {});
    }
  }

  #heed(answer: PrimaryAnswer): void {
    const isItself = answer.isReady && answer.instance === this.#deps.instance;
    if (isItself) this.#sayItself();
    const reason = answer.isReady ? 'it is this very instance' : answer.reason;
    const hasChanged = this.#health.heard(answer.isReady && !isItself, this.#deps.monotonicMs());
    if (!hasChanged && this.#isHeard) return;
    this.#isHeard = true;
    const { state, afterMs } = this.#health;
    const { log } = this.#deps;
    const { backupOf: primary } = this.#options;
    if (state !== 'well') this.#handBack?.abort();
    if (state === 'away') log.warn({ event: 'primary.away', primary, reason, afterMs }, 'the primary is away');
    if (state === 'recovering') log.info({ event: 'primary.recovering', primary, afterMs }, 'the primary answers');
    if (state === 'well') {
      log.info({ event: 'primary.well', primary }, 'the primary is well, and gets its clients back');
      this.#handBack = new AbortController();
      void this.#giveBack(this.#handBack.signal);
    }
  }

  /** For as long as the primary stays well: now those who are here, later who comes all the same. */
  async #giveBack(signal: AbortSignal): Promise<void> {
    const { hub, monotonicMs, random, counters, log } = this.#deps;
    const { drainMs } = this.#options;
    const hasStayed = ({ openedMs }: Connection): boolean => monotonicMs() - openedMs >= minStayMs;
    while (!signal.aborted) {
      const count = [...hub.connections()].filter(hasStayed).length;
      if (count > 0) {
        const overMs = Math.min(drainMs, count * fewEachMs);
        log.info({ event: 'handing-back', connections: count, overMs });
        const went = await handOver({ hub, monotonicMs, random }, { overMs, which: hasStayed, signal });
        counters.handedBack += went;
        log.info({ event: 'handed-back', connections: went, left: count - went });
      }
      await delay(lookEveryMs, undefined, { signal }).catch(() => {});
    }
  }

  #sayItself(): void {
    if (this.#hasMetItself) return;
    this.#hasMetItself = true;
    const { backupOf } = this.#options;
    this.#deps.log.error(
      { event: 'primary.itself', primary: backupOf },
      'backup-of is the address of this very instance',
    );
  }
}
