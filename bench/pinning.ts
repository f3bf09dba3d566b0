import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** The server has a core of its own; generator, ab and Redis share the other one. */
export type Core = 'server' | 'load';

const CORE_NUMBERS: Record<Core, number> = { server: 0, load: 1 };

function whyNot(): string | undefined {
  if (availableParallelism() < 2) return 'one core only';
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'taskset is not installed';
  }
}

const reason = whyNot();

/** Decides once per process whether processes are pinned, and tells it in words for the result. */
export const pinning = {
  description:
    reason === undefined
      ? 'server on core 0; load generator (and redis-server, ab) on core 1'
      : `not pinned: ${reason}; server and load disturb each other`,
  /** The command that runs `command` on the core; taskset replaces itself, so the child's pid is the command's. */
  wrap(core: Core, command: string, args: readonly string[]): [string, string[]] {
    if (reason !== undefined) return [command, [...args]];
    return ['taskset', ['-c', String(CORE_NUMBERS[core]), command, ...args]];
  },
};
