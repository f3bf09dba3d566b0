import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scope } from '../../support/cleanup.ts';
import { startInstance, type Instance } from '../../support/instance.ts';
import { startNginx, substitute, type Nginx } from '../../support/nginx.ts';
import { projectRoot } from '../../support/project.ts';
import type { Redis } from '../../support/redis.ts';
import { request } from '../../support/request.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

export const configFile = join(projectRoot, 'deploy/nginx.conf');

/** The text of deploy/nginx.conf. */
export const configText = readFileSync(configFile, 'utf8');

export interface ProxyOptions {
  /** Ports on 127.0.0.1. */
  readonly primary: number;
  readonly backup: number;
  /** What the test changes beside ports and paths: a time-out made short, a line taken out. Each text must be there. */
  readonly replace?: readonly (readonly [from: string, to: string])[];
}

export interface Proxy extends Nginx {
  /** `ws://127.0.0.1:port` */
  readonly wsUrl: string;
  readonly accessLog: string;
}

/** Starts nginx with deploy/nginx.conf itself: its ports, its paths and what `replace` names are another's, nothing else. */
export async function startProxy(scope: Scope, { primary, backup, replace = [] }: ProxyOptions): Promise<Proxy> {
  const accessLog = join(await makeTempDir(scope), 'access.log');
  const nginx = await startNginx(scope, (port) => {
    const changed = substitute(configText, [
      ['127.0.0.1:3220', `127.0.0.1:${port}`],
      ['127.0.0.1:3210', `127.0.0.1:${primary}`],
      ['127.0.0.1:3211', `127.0.0.1:${backup}`],
      // The master's user may enter the test's folder, Debian's may not.
      ['user www-data;', process.getuid?.() === 0 ? 'user root;' : ''],
      ['pid /run/nginx.pid;', ''],
      ['error_log /var/log/nginx/error.log warn;', 'error_log stderr notice;'],
      ['/var/log/nginx/access.log', accessLog],
    ]);
    return replace.length === 0 ? changed : substitute(changed, replace);
  });
  return { ...nginx, wsUrl: nginx.url.replace('http:', 'ws:'), accessLog };
}

/** An instance on the redis queue. */
export function startOnRedis(scope: Scope, redis: Redis, flags: readonly string[] = []): Promise<Instance> {
  return startInstance(scope, { flags: [`--queue=redis/${redis.address}`, ...flags] });
}

export function portOf(instance: Instance): number {
  return Number(new URL(instance.url).port);
}

export interface Stats {
  readonly gauges: { readonly connections: number };
  readonly counters: { readonly accepted: number; readonly refused: number };
}

/** What an instance says of itself on its admin listener. */
export async function statsOf(instance: Instance): Promise<Stats> {
  return (await request(`${instance.adminUrl}/stats`)).json as Stats;
}
