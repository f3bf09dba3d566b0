import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { startChild } from './child.ts';
import { endWith, type Scope } from './cleanup.ts';
import { eventually } from './deadline.ts';
import { onFreePort } from './free-port.ts';
import { makeTempDir } from './temp-dir.ts';

/** A real nginx, master and workers, in a folder of its own. */
export interface Nginx {
  readonly port: number;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly pid: number;
  /** What it printed and what its error log holds, which is the same file. */
  readonly lines: readonly string[];
  /** SIGQUIT: it finishes what it serves, which an open WebSocket keeps it from doing for long. */
  stop(): Promise<void>;
}

/**
 * Replaces texts of a configuration file, `[['3220', String(port)], …]`, everywhere they stand. Each must be there, so
 * that a test notices when the file says something else by now.
 */
export function substitute(text: string, replacements: readonly (readonly [from: string, to: string])[]): string {
  // Through placeholders, so that what one replacement put in is not replaced by the next.
  const marked = replacements.reduce((current, [from], index) => {
    if (!current.includes(from)) throw new Error(`the configuration does not contain '${from}'`);
    return current.replaceAll(from, `\0${index}\0`);
  }, text);
  return marked.replaceAll(/\0(\d+)\0/g, (_mark, index: string) => replacements[Number(index)]?.[1] ?? '');
}

/**
 * Starts nginx with the complete configuration that `config` gives for the port to listen on, and resolves when that port
 * accepts. What the configuration leaves open (pid file, logs, folders for bodies) goes to the test's own folder.
 */
export async function startNginx(scope: Scope, config: (port: number) => string): Promise<Nginx> {
  const dir = await makeTempDir(scope);
  await mkdir(join(dir, 'logs'));
  const file = join(dir, 'nginx.conf');

  const { port, child } = await onFreePort(async (candidate) => {
    await writeFile(file, withPaths(config(candidate), dir));
    const started = await startChild('nginx', ['-p', dir, '-c', file, '-e', 'stderr', '-g', 'daemon off;']);
    const state = await eventually(
      async () => {
        if (started.hasExited()) return 'ended';
        return (await accepts(candidate)) ? 'accepts' : undefined;
      },
      () => `nginx on ${candidate}; it printed:\n${started.lines.join('\n')}`,
    ).catch(async (error: unknown) => {
      await started.end('SIGKILL');
      throw error;
    });
    if (state === 'accepts') return { port: candidate, child: started };
    await started.exited;
    if (started.lines.some((line) => line.includes('Address already in use'))) return 'taken';
    throw new Error(`nginx ended at start:\n${started.lines.join('\n')}`);
  });
  // SIGTERM is its fast shutdown: the master ends its workers, whatever they serve.
  endWith(scope, async () => {
    if (!child.hasExited()) await child.end('SIGTERM');
  });

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    lines: child.lines,
    async stop() {
      await child.end('SIGQUIT');
    },
  };
}

function withPaths(config: string, dir: string): string {
  const main = [
    // As root, nginx would serve as another user, who cannot enter the test's folder.
    ...(process.getuid?.() === 0 ? without('user', 'user root;', config) : []),
    ...without('pid', `pid ${dir}/nginx.pid;`, config),
    ...without('error_log', 'error_log stderr warn;', config),
  ];
  const http = [
    ...without('access_log', `access_log ${dir}/logs/access.log;`, config),
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].flatMap((kind) =>
      without(`${kind}_temp_path`, `${kind}_temp_path ${dir}/${kind};`, config),
    ),
  ];
  return `${main.join('\n')}\n${config.replace(/^(\s*http\s*\{)/m, `$1\n${http.join('\n')}\n`)}`;
}

function without(directive: string, line: string, config: string): string[] {
  return new RegExp(`^\\s*${directive}\\s`, 'm').test(config) ? [] : [line];
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });
}
