import { portOf, startProxy, type Proxy } from '../integration/nginx/proxy.ts';
import { steadyPort } from '../support/steady-port.ts';
import type { Scope } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { startRedis, type Redis } from '../support/redis.ts';
import { request } from '../support/request.ts';
import { startStallingProxy, type StallingProxy } from './stalling-proxy.ts';

/** The place of one of the two instances, whether or not a process runs in it. */
export interface Member {
  readonly name: 'primary' | 'backup';
  readonly instance: Instance;
  /** Starts a process again in this place, on the port that the last one had. */
  start(): Promise<void>;
  /** Listeners that it holds; of workers each is asked until it answers. */
  connections(): Promise<number>;
  /** Posts that its processes have accepted. */
  accepted(): Promise<number>;
  /** SIGSTOP to it and its workers, as on a machine that swaps. Undone by the function that it resolves with. */
  freeze(): Promise<() => void>;
}

export interface Pair {
  readonly redis: Redis;
  /** Between the primary and Redis. */
  readonly network: StallingProxy;
  readonly primary: Member;
  readonly backup: Member;
  readonly nginx: Proxy;
  /** Has nginx read its configuration anew, as `nginx -s reload`; resolves when its old workers are gone. */
  reloadNginx(): Promise<void>;
}

export interface PairOptions {
  /** Flags of `serve` for both, and for the backup alone. */
  readonly flags: readonly string[];
  readonly backupFlags: (primaryUrl: string) => readonly string[];
  /** What is changed in deploy/nginx.conf beside ports and paths. */
  readonly nginx: readonly (readonly [from: string, to: string])[];
  /** False: two instances of the list queue, which know nothing of each other. */
  readonly isOnRedis: boolean;
  readonly stopLimitMs: number;
  readonly detour?: (port: number) => Promise<number>;
}

const RELOAD_MS = 60_000;

/** Starts a Redis that writes everything to disk at once, two instances on it, and nginx with deploy/nginx.conf before them. */
export async function startPair(scope: Scope, options: PairOptions): Promise<Pair> {
  const redis = await startRedis(scope, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const network = await startStallingProxy(scope, redis.port);
  const queueAt = (port: number): string[] => (options.isOnRedis ? [`--queue=redis/127.0.0.1:${port}`] : []);
  const { stopLimitMs } = options;
  const launch = (flags: readonly string[]) => (): Promise<Instance> =>
    startInstance(scope, { flags: [...flags, ...options.flags], stopLimitMs });
  const primaryPort = await steadyPort(scope);
  const backupPort = await steadyPort(scope);
  const primary = await startMember('primary', launch([...queueAt(network.port), `--port=${primaryPort}`]));
  const backupFlags = options.backupFlags(primary.instance.url);
  const backup = await startMember('backup', launch([...queueAt(redis.port), `--port=${backupPort}`, ...backupFlags]));
  const nginx = await startProxy(scope, {
    primary: await (options.detour?.(primaryPort) ?? primaryPort),
    backup: portOf(backup.instance),
    replace: options.nginx,
  });
  return {
    redis,
    network,
    primary,
    backup,
    nginx,
    async reloadNginx() {
      const gone = (): number => nginx.lines.filter((line) => /worker process \d+ exited/.test(line)).length;
      const workers = nginx.lines.filter((line) => /start worker process \d/.test(line)).length;
      const before = gone();
      process.kill(nginx.pid, 'SIGHUP');
      await eventually(() => gone() >= before + workers || undefined, 'the old workers of nginx to end', RELOAD_MS);
    },
  };
}

async function startMember(name: Member['name'], launch: () => Promise<Instance>): Promise<Member> {
  let instance = await launch();
  // Sums that lack a worker would say that it holds nobody.
  const isWhole = ({ workers = [] }: Stats): boolean =>
    workers.every(({ isReady, gauges }) => !isReady || gauges !== null);
  const stats = (): Promise<Stats> =>
    eventually(async () => {
      const document = (await request(`${instance.adminUrl}/stats`)).json as Stats;
      return isWhole(document) ? document : undefined;
    }, `every worker of the ${name} to answer`);
  return {
    name,
    get instance() {
      return instance;
    },
    async start() {
      instance = await launch();
    },
    connections: async () => (await stats()).gauges.connections,
    accepted: async () => (await stats()).counters.accepted,
    async freeze() {
      const workers = ((await stats()).workers ?? []).flatMap(({ pid }) => pid ?? []);
      const all = [instance.pid, ...workers];
      for (const pid of all) process.kill(pid, 'SIGSTOP');
      return () => {
        for (const pid of all) process.kill(pid, 'SIGCONT');
      };
    },
  };
}

interface Stats {
  readonly gauges: { readonly connections: number };
  readonly counters: { readonly accepted: number };
  /** Absent: it has none. */
  readonly workers?: readonly {
    readonly pid: number | null;
    readonly isReady: boolean;
    readonly gauges: Readonly<Record<string, number>> | null;
  }[];
}
