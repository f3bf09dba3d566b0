import type { Failback, FailbackDeps } from '../cluster/failback.ts';
import type { Config } from '../config/schema.ts';

/** The watch over the primary, of an instance that is a backup. Only such a one loads it. */
export async function openFailback(config: Config, deps: Omit<FailbackDeps, 'ask'>): Promise<Failback | undefined> {
  const { backupOf } = config;
  if (backupOf === null) return undefined;
  const { askPrimary } = await import('../cluster/ask-primary.ts');
  const { askDeadlineMs, Failback: Watch } = await import('../cluster/failback.ts');
  const ask: FailbackDeps['ask'] = (signal) => askPrimary({ url: backupOf, deadlineMs: askDeadlineMs, signal });
  return new Watch({ ...deps, ask }, { ...config, backupOf });
}
