import { execFile } from 'node:child_process';
import { patienceMs } from './deadline.ts';
import { plainEnvironment } from './instance.ts';
import { serverEntry } from './project.ts';

export interface CommandResult {
  /** The exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Runs a program to its end; rejects when it cannot be started or takes longer than a test waits. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      {
        cwd: options.cwd,
        env: { ...plainEnvironment(), ...options.env },
        timeout: patienceMs,
        killSignal: 'SIGKILL',
        maxBuffer: 16 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        if (error?.killed === true || (error !== null && typeof error.code === 'string')) {
          reject(new Error(`${program} ${args.join(' ')}: ${error.message}\n${stdout}${stderr}`));
        } else resolve({ code: child.exitCode, stdout, stderr });
      },
    );
    child.stdin?.end();
  });
}

/** Runs a command of Tidings to its end, `runTidings(['serve', '--port=x'])`: for what it refuses, prints or exits with. */
export function runTidings(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return runProgram(process.execPath, [serverEntry, ...args], options);
}
