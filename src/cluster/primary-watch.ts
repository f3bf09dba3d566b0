import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../ops/log.ts';
import type { PrimaryAnswer } from './ask-primary.ts';
import { PrimaryHealth, type PrimaryState } from './primary-state.ts';

export interface PrimaryWatchDeps {
  readonly log: Log;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonicMs: () => number;
  /** The name of this instance, by which it notices that it asks itself. */
  readonly instance: string;
  /** Asks the primary; never rejects. */
  readonly ask: (signal: AbortSignal) => Promise<PrimaryAnswer>;
  /** The primary is well now, or no longer. */
  readonly onWell: (isWell: boolean) => void;
}

export interface PrimaryWatchOptions {
  /** How the primary is called in the log and in the statistics. */
  readonly backupOf: string;
  /** For how long the primary must have been ready without one failed answer. */
  readonly failbackAfterMs: number;
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

/** Asks the primary of a backup how it is, and makes up its mind. One for an instance, however many workers it has. */
export class PrimaryWatch {
  readonly #deps: PrimaryWatchDeps;
  readonly #options: PrimaryWatchOptions;
  readonly #health: PrimaryHealth;
  readonly #stopped = new AbortController();
  #isHeard = false;
  #hasMetItself = false;

  constructor(deps: PrimaryWatchDeps, options: PrimaryWatchOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#health = new PrimaryHealth(deps.monotonicMs(), { ...options, blindMs });
  }

  get isWell(): boolean {
    return this.#health.state === 'well';
  }

  start(): void {
    void this.#watch();
  }

  /** It says nothing more. */
  stop(): void {
    this.#stopped.abort();
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
    const { log, onWell } = this.#deps;
    const { backupOf: primary } = this.#options;
    if (state === 'away') log.warn({ event: 'primary.away', primary, reason, afterMs }, 'the primary is away');
    if (state === 'recovering') log.info({ event: 'primary.recovering', primary, afterMs }, 'the primary answers');
    if (state === 'well')
      log.info({ event: 'primary.well', primary }, 'the primary is well, and gets its clients back');
    onWell(state === 'well');
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
