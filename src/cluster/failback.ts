import { HandBack, type HandBackDeps, type HandBackOptions } from './hand-back.ts';
import { PrimaryWatch, type BackupReport, type PrimaryWatchDeps, type PrimaryWatchOptions } from './primary-watch.ts';

export type FailbackDeps = HandBackDeps & Omit<PrimaryWatchDeps, 'onWell'>;
export type FailbackOptions = Omit<HandBackOptions, 'processes'> & PrimaryWatchOptions;

/** Watches the primary of a backup that is one process, and gives it its clients back once it is well. This instance stays ready meanwhile. */
export class Failback {
  readonly #watch: PrimaryWatch;
  readonly #handBack: HandBack;

  constructor(deps: FailbackDeps, options: FailbackOptions) {
    this.#handBack = new HandBack(deps, { ...options, processes: 1 });
    const onWell = (isWell: boolean): void => (isWell ? this.#handBack.begin() : this.#handBack.end());
    this.#watch = new PrimaryWatch({ ...deps, onWell }, options);
  }

  start(): void {
    this.#watch.start();
  }

  /** Nobody is handed back from now on. */
  stop(): void {
    this.#watch.stop();
    this.#handBack.end();
  }

  report(): BackupReport {
    return this.#watch.report();
  }
}
