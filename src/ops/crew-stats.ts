import type { KeyCount } from '../auth/sender-auth.ts';
import type { BackupReport } from '../cluster/primary-watch.ts';
import type { WorkerState } from '../cluster/crew.ts';
import type { Health } from '../journal/journal.ts';
import type { Counted } from './crew-count.ts';
import type { WorkerAnswer } from './worker-question.ts';

/** What `/stats` shows of a supervisor: sums over its workers and itself, and each worker by itself. */
export interface CrewStats {
  readonly readiness: Health;
  /** What the supervisor knows of the primary; null: it is nobody's backup. */
  readonly backup: BackupReport | null;
  readonly gauges: Readonly<Record<string, number>>;
  readonly counters: Readonly<Record<string, number>>;
  readonly keys: Readonly<Record<string, KeyCount>>;
  readonly workers: readonly WorkerStats[];
}

/** Null where the worker did not answer. */
export interface WorkerStats extends WorkerState {
  readonly readiness: Health | null;
  readonly gauges: Readonly<Record<string, number>> | null;
  readonly counters: Readonly<Record<string, number>> | null;
}

/** What is not a part of a whole: the largest of them is shown. */
const largest = ['mid', 'lagMs'];

/**
 * Adds the workers up. They are ready when one of them is: that one takes posts and listeners. `counted`: by all of them, also those
 * that are gone.
 */
export function addUp(
  own: Pick<WorkerAnswer, 'gauges' | 'counters'> & Pick<CrewStats, 'backup'>,
  states: readonly WorkerState[],
  answers: readonly WorkerAnswer[],
  counted: Counted,
): CrewStats {
  const readiness = answers.find(({ readiness: { ok } }) => ok)?.readiness ?? answers[0]?.readiness;
  return {
    readiness: readiness ?? { ok: false, reason: 'No worker answers.' },
    backup: own.backup,
    gauges: sums([own.gauges, ...answers.map(({ gauges }) => gauges)]),
    counters: sums([own.counters, counted.counters]),
    keys: counted.keys,
    workers: states.map((state) => {
      const answer = answers.find(({ worker }) => worker === state.worker);
      const { readiness: ready = null, gauges = null, counters = null } = answer ?? {};
      return { ...state, readiness: ready, gauges, counters };
    }),
  };
}

function sums(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const part of parts) {
    for (const [name, value] of Object.entries(part)) {
      const before = total[name] ?? 0;
      total[name] = largest.includes(name) ? Math.max(before, value) : before + value;
    }
  }
  return total;
}
