import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { within } from './deadline.ts';

/** How a process ended: its exit code, or the signal that ended it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that a test started, and every line it printed. */
export interface Child {
  readonly pid: number;
  /** Lines of stdout and stderr, in the order in which they came. */
  readonly lines: readonly string[];
  readonly exited: Promise<Exit>;
  hasExited(): boolean;
  /** Resolves with the first line, printed already or still to come, that `matches`; rejects when the process ends first. */
  line(matches: (line: string) => boolean, what: string, limitMs?: number): Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** Sends `name`, waits for the end, and uses SIGKILL after `limitMs`, in which case it rejects. */
  end(name: NodeJS.Signals, limitMs?: number): Promise<Exit>;
}

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Told every line as it comes. */
  readonly onLine?: (line: string) => void;
}

const alive = new Set<ChildProcess>();

// Whatever ends this process, its children end with it. (What SIGKILL ends, the runner's process group takes along.)
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

/** Starts `command` and resolves once it runs; rejects when it cannot be started. No input, nothing inherited but `env`. */
export async function startChild(command: string, args: readonly string[], options: ChildOptions = {}): Promise<Child> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const watchers = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      options.onLine?.(line);
      for (const watch of watchers) watch(line);
    });
  }
  // 'close' and not 'exit': by then every line has been read.
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => {
      alive.delete(child);
      resolve({ code, signal });
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  alive.add(child);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} has no pid`);
  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const tail = (): string => `${command} ${args.join(' ')} (pid ${pid}) printed:\n${lines.slice(-40).join('\n')}`;

  return {
    pid,
    lines,
    exited,
    hasExited,
    async line(matches, what, limitMs) {
      const already = lines.find(matches);
      if (already !== undefined) return already;
      let watch = (_line: string): void => {};
      const seen = new Promise<string>((resolve, reject) => {
        watch = (line) => {
          if (matches(line)) resolve(line);
        };
        watchers.add(watch);
        void exited.then((exit) => {
          reject(new Error(`ended (${exit.code ?? exit.signal}) before ${what}; ${tail()}`));
        });
      });
      try {
        return await within(seen, () => `${what}; ${tail()}`, limitMs);
      } finally {
        watchers.delete(watch);
      }
    },
    signal(name) {
      child.kill(name);
    },
    async end(name, limitMs) {
      if (!hasExited()) {
        child.kill(name);
        // A process that was paused acts on a signal only when it goes on.
        child.kill('SIGCONT');
      }
      try {
        return await within(exited, () => `the end after ${name}; ${tail()}`, limitMs);
      } catch (error) {
        child.kill('SIGKILL');
        await exited;
        throw error;
      }
    },
  };
}
