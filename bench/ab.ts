import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { firstLine } from './machine.ts';
import { pinning } from './pinning.ts';
import { startServer, type ServerName } from './servers.ts';
import { spreadOf, type Spread } from './summary.ts';

/** ApacheBench against one server, with or without keep-alive. */
export interface AbSummary {
  server: ServerName;
  keepAlive: boolean;
  requestsPerSecond: Spread;
  /** Empty when every request was answered 2xx. */
  problems: string[];
}

const REQUESTS = 10_000;
const CONCURRENCY = 100;
const SERVERS: readonly ServerName[] = ['tidings-list', 'plain-ws'];

/** `ab -c 100 -n 10000 [-k]` with the project's postdata.txt. Undefined when ab is not installed. */
export async function runAb(root: string, runs: number): Promise<AbSummary[] | undefined> {
  if (firstLine('ab', ['-V']) === undefined) return undefined;
  const cases = [true, false].flatMap((keepAlive) => SERVERS.map((server) => ({ server, keepAlive })));
  const rates = cases.map((): number[] => []);
  const problems = cases.map((): string[] => []);
  for (let round = 0; round < runs; round++) {
    for (const [i, { server, keepAlive }] of cases.entries()) {
      try {
        rates[i]!.push(await runOnce(root, server, keepAlive));
      } catch (error) {
        problems[i]!.push(error instanceof Error ? error.message : String(error));
      }
    }
  }
  return cases.map((one, i) => ({ ...one, requestsPerSecond: spreadOf(rates[i]!), problems: problems[i]! }));
}

async function runOnce(root: string, name: ServerName, keepAlive: boolean): Promise<number> {
  const server = await startServer(name, root);
  try {
    const args = ['-q', '-c', String(CONCURRENCY), '-n', String(REQUESTS), ...(keepAlive ? ['-k'] : [])];
    args.push('-T', 'application/json', '-p', join(root, 'postdata.txt'), `http://127.0.0.1:${server.port}/send`);
    const [program, programArgs] = pinning.wrap('load', 'ab', args);
    const { stdout } = await promisify(execFile)(program, programArgs, { timeout: 60_000 });
    const read = (label: string) => Number(new RegExp(`^${label}:\\s+([\\d.]+)`, 'm').exec(stdout)?.[1] ?? 0);
    const failed = read('Failed requests') + read('Non-2xx responses') + REQUESTS - read('Complete requests');
    if (failed !== 0) throw new Error(`ab: ${failed} of ${REQUESTS} requests failed`);
    return read('Requests per second');
  } finally {
    await server.stop();
  }
}
