import type { IncomingMessage } from 'node:http';
import type { Log } from './log.ts';

/** A change that somebody asked for, whatever became of it. */
export interface AuditEntry {
  /** The name of the route: `drain`, `retract`. */
  readonly action: string;
  /** What was to be changed: an id, a job, a uid; null: the instance. */
  readonly target: string | null;
  /** The name of the key that was shown; null: nobody was asked for one, or it was none. */
  readonly key: string | null;
  /** Of whoever asked; undefined: he has gone. */
  readonly address: string | undefined;
  /** Of the answer. */
  readonly status: number;
}

export type Audit = (entry: AuditEntry) => void;

export interface AuditDeps {
  readonly log: Pick<Log, 'info'>;
  readonly monotonicMs: () => number;
}

/** Most lines a second on refusing strangers: whoever has no key must not fill the log with what he is refused. */
export const maxStrangerLines = 10;

/** JSON leaves these as they are, and some who read lines (Node's readline from 24 on) end a line at them: half of one could be forged. */
const lineEnds = /[\u0085\u2028\u2029]/g;

/** The longest target that is repeated in a line. */
const maxTargetLength = 256;

/**
 * Makes the function that writes one line for each change. Strangers beyond `maxStrangerLines` are counted, and the next line of any kind
 * has their number as `untold`.
 */
export function createAudit({ log, monotonicMs }: AuditDeps): Audit {
  let secondMs = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let untold = 0;
  return (entry) => {
    if (isStranger(entry)) {
      const nowMs = monotonicMs();
      if (nowMs - secondMs >= 1000) {
        secondMs = nowMs;
        lines = 0;
      }
      if (lines === maxStrangerLines) {
        untold += 1;
        return;
      }
      lines += 1;
    }
    const target = entry.target?.slice(0, maxTargetLength).replace(lineEnds, '?') ?? null;
    log.info({ event: 'audit', ...entry, target, ...(untold > 0 && { untold }) });
    untold = 0;
  };
}

function isStranger({ key, status }: AuditEntry): boolean {
  return key === null && (status === 401 || status === 403);
}

const targets = new WeakMap<IncomingMessage, string>();

/** Says what a change is about where its path does not: the uid of a body. Nothing else of a body may get into the audit. */
export function nameTarget(request: IncomingMessage, target: string): void {
  targets.set(request, target);
}

/** What `nameTarget` was told. */
export function namedTarget(request: IncomingMessage): string | undefined {
  return targets.get(request);
}
