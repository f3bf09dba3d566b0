import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { pinning, type Core } from './pinning.ts';

const START_DEADLINE_MS = 15_000;
const STOP_DEADLINE_MS = 5_000;
const KEPT_LINES = 20;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A started process that has said that it is ready. */
export interface Child {
  pid: number;
  /** What `readyIn` returned for the line that said so. */
  said: string;
  /** SIGTERM, after 5 s SIGKILL; resolves when the process is gone. */
  stop(): Promise<void>;
}

/**
 * Starts a process on a core and waits until `readyIn` finds what it looks for in a line of stdout or stderr.
 * Throws with the process's last lines when it ends or stays silent for 15 s.
 */
export async function startChild(
  core: Core,
  command: string,
  args: readonly string[],
  readyIn: (line: string) => string | undefined,
): Promise<Child> {
  const [program, programArgs] = pinning.wrap(core, command, args);
  const child = spawn(program, programArgs, { stdio: ['ignore', 'pipe', 'pipe'], env: childEnvironment() });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const lastLines: string[] = [];
  const said = await new Promise<string>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${command} ${args.join(' ')}: ${why}\n${lastLines.join('\n')}`));
    const timer = setTimeout(() => fail('not ready within 15 s'), START_DEADLINE_MS);
    child.once('error', (error) => fail(error.message));
    child.once('close', (code, signal) => fail(`ended with ${code ?? signal}`));
    const onLine = (line: string) => {
      lastLines.push(line);
      if (lastLines.length > KEPT_LINES) lastLines.shift();
      const found = readyIn(line);
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    };
    createInterface({ input: child.stdout }).on('line', onLine);
    createInterface({ input: child.stderr }).on('line', onLine);
  }).catch(async (error: unknown) => {
    await stopChild(child);
    throw error;
  });
  return { pid: child.pid!, said, stop: () => stopChild(child) };
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await gone;
  clearTimeout(timer);
}

/** The caller's own settings for Tidings or Node must not reach what is measured. */
function childEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(TIDINGS_|NODE_)/.test(name));
  return Object.fromEntries(kept);
}
