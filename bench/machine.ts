import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { pinning } from './pinning.ts';

/** What figures depend on and do not show; stands beside every result. */
export interface Machine {
  date: string;
  cpu: string;
  cores: number;
  memoryGib: number;
  kernel: string;
  node: string;
  packages: Record<string, string>;
  redis: string;
  openFilesLimit: number;
  pinning: string;
}

const PACKAGES = ['ws', 'socket.io', 'koa', 'ioredis', 'bullmq'];

/** Reads the machine; `root` is the project's folder, for the versions that are installed in it. */
export function describeMachine(root: string): Machine {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    node: process.version,
    packages: Object.fromEntries(PACKAGES.map((name) => [name, installedVersion(root, name)])),
    redis: firstLine('redis-server', ['--version'])?.match(/v=(\S+)/)?.[1] ?? 'not installed',
    openFilesLimit: openFilesLimit(),
    pinning: pinning.description,
  };
}

/** How many files one process may open: this process's soft limit, which its children inherit. */
export function openFilesLimit(): number {
  const line = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
  return line?.[1] === 'unlimited' ? 1_000_000 : Number(line?.[1] ?? 1_024);
}

/** The first line that a command prints, or undefined when it is not installed. */
export function firstLine(command: string, args: string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0];
  } catch {
    return undefined;
  }
}

function installedVersion(root: string, name: string): string {
  const text = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
