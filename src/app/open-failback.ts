import type { HandBackDeps } from '../cluster/hand-back.ts';
import type { BackupReport, PrimaryWatch, PrimaryWatchDeps } from '../cluster/primary-watch.ts';
import type { Config } from '../config/schema.ts';
import { primaryQuestion } from '../ops/primary-question.ts';
import type { WorkerPart } from './open-store.ts';

/** How an instance, or a worker, gives its clients back to the primary whose backup it is. */
export interface Backup {
  start(): void;
  /** Nobody is handed back from now on. */
  stop(): void;
  /** Null: it is the supervisor that knows of the primary. */
  report(): BackupReport | null;
}

export interface FailbackDeps extends HandBackDeps, Omit<PrimaryWatchDeps, 'ask' | 'onWell' | 'log'> {
  readonly worker: Pick<WorkerPart, 'handlers' | 'workers'> | undefined;
}

/** The way back to the primary, of an instance that is a backup. Only such a one loads it. */
export async function openFailback(config: Config, deps: FailbackDeps): Promise<Backup | undefined> {
  const { backupOf, drainMs } = config;
  if (backupOf === null) return undefined;
  const { worker } = deps;
  if (worker !== undefined) {
    const { createCrewFailback } = await import('../cluster/crew-failback.ts');
    const failback = createCrewFailback(deps, { drainMs, processes: worker.workers });
    worker.handlers.add(primaryQuestion, (isWell) => {
      failback.heed(isWell);
      return true;
    });
    return failback;
  }
  const { Failback } = await import('../cluster/failback.ts');
  return new Failback({ ...deps, ask: await asks(backupOf) }, { ...config, backupOf });
}

/** The watch over the primary, of a supervisor that is a backup: its workers are told by `onWell`. */
export async function openPrimaryWatch(
  config: Config,
  deps: Omit<PrimaryWatchDeps, 'ask'>,
): Promise<PrimaryWatch | undefined> {
  const { backupOf } = config;
  if (backupOf === null) return undefined;
  const { PrimaryWatch: Watch } = await import('../cluster/primary-watch.ts');
  return new Watch({ ...deps, ask: await asks(backupOf) }, { ...config, backupOf });
}

async function asks(url: string): Promise<PrimaryWatchDeps['ask']> {
  const { askPrimary } = await import('../cluster/ask-primary.ts');
  const { askDeadlineMs: deadlineMs } = await import('../cluster/primary-watch.ts');
  return (signal) => askPrimary({ url, deadlineMs, signal });
}
