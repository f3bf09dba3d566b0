import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askRedis } from './ask-redis.ts';
import { startChild, type Child } from './child.ts';
import { endWith, type Scope } from './cleanup.ts';
import { eventually } from './deadline.ts';
import { onFreePort } from './free-port.ts';
import { answersPing, startRedis, type Redis } from './redis.ts';
import { makeTempDir } from './temp-dir.ts';

export interface SentinelSetOptions {
  /** Arguments of both redis-servers. */
  readonly args?: readonly string[];
  /** Of the first master alone. */
  readonly firstArgs?: readonly string[];
  readonly password?: string;
  readonly sentinelPassword?: string;
}

/** A master, a replica of it, and three sentinels that watch them: real processes of the test's own. */
export interface SentinelSet {
  readonly servers: readonly [Redis, Redis];
  readonly sentinels: readonly Sentinel[];
  /** `host:port,host:port,host:port/MASTER`, with what it takes to log in, as it stands after `redis-sentinel/`. */
  readonly address: string;
  /** The one of the two that the sentinels call the master. */
  master(): Promise<Redis>;
  /** Waits until they call this one the master. */
  untilMaster(server: Redis): Promise<void>;
  /** Asks for an orderly change of roles. */
  changeMaster(): Promise<void>;
}

export interface Sentinel {
  readonly port: number;
  kill(): Promise<void>;
}

export const masterName = 'tidings-master';

/** After this long without an answer the master is given up. */
const downAfterMs = 1000;

export async function startSentinelSet(scope: Scope, options: SentinelSetOptions = {}): Promise<SentinelSet> {
  const { password, sentinelPassword } = options;
  const secret = password === undefined ? [] : ['--masterauth', password];
  const args = ['--repl-diskless-sync-delay', '0', ...secret, ...(options.args ?? [])];
  const redisOptions = { args, ...(password === undefined ? {} : { password }) };
  const first = await startRedis(scope, { ...redisOptions, args: [...args, ...(options.firstArgs ?? [])] });
  const second = await startRedis(scope, {
    ...redisOptions,
    args: [...args, '--replicaof', '127.0.0.1', String(first.port)],
  });
  const servers = [first, second] as const;
  await eventually(async () => {
    const info = await askRedis(second.port, password, (client) => client.info('replication'));
    return info.includes('master_link_status:up') ? true : undefined;
  }, 'the replica to follow its master');

  const sentinels: Sentinel[] = [];
  for (let count = 0; count < 3; count += 1) {
    sentinels.push(await startSentinel(scope, first.port, options));
  }
  const known = async (): Promise<true | undefined> => {
    for (const { port } of sentinels) {
      const state = await askRedis(port, sentinelPassword, (client) => client.call('sentinel', 'master', masterName));
      if (field(state, 'num-other-sentinels') !== '2' || field(state, 'num-slaves') !== '1') return undefined;
    }
    return true;
  };
  await eventually(known, 'the sentinels to know each other');

  const masterPort = async (): Promise<number | undefined> => {
    const ports = new Set<number>();
    for (const { port } of sentinels) {
      const at = await askRedis(port, sentinelPassword, (client) =>
        client.call('sentinel', 'get-master-addr-by-name', masterName),
      ).catch(() => undefined);
      if (Array.isArray(at)) ports.add(Number(at[1]));
    }
    return ports.size === 1 ? [...ports][0] : undefined;
  };
  const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  const query = sentinelPassword === undefined ? '' : `?sentinel-password=${encodeURIComponent(sentinelPassword)}`;
  const places = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const address = `${credentials}${places}/${masterName}${query}`;

  return {
    servers,
    sentinels,
    address,
    async master() {
      return eventually(async () => {
        const port = await masterPort();
        return servers.find((server) => server.port === port);
      }, 'the sentinels to agree');
    },
    async untilMaster(server) {
      await eventually(async () => ((await masterPort()) === server.port ? true : undefined), 'the fail-over', 30_000);
    },
    async changeMaster() {
      const [sentinel] = sentinels;
      if (sentinel === undefined) throw new Error('no sentinel');
      await eventually(
        () =>
          askRedis(sentinel.port, sentinelPassword, (client) => client.call('sentinel', 'failover', masterName)).then(
            () => true,
            () => undefined,
          ),
        'the sentinels to begin a fail-over',
      );
    },
  };
}

/** One sentinel without others, with further lines of its configuration. */
export function startLoneSentinel(scope: Scope, masterPort: number, lines: readonly string[]): Promise<Sentinel> {
  return startSentinel(scope, masterPort, {}, lines);
}

async function startSentinel(
  scope: Scope,
  masterPort: number,
  { password, sentinelPassword }: SentinelSetOptions,
  more: readonly string[] = [],
): Promise<Sentinel> {
  const dir = await makeTempDir(scope);
  const file = join(dir, 'sentinel.conf');
  const started = await onFreePort(async (port) => {
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${dir}`,
      ...more,
      `sentinel monitor ${masterName} 127.0.0.1 ${masterPort} 2`,
      `sentinel down-after-milliseconds ${masterName} ${downAfterMs}`,
      `sentinel failover-timeout ${masterName} 1500`,
      ...(password === undefined ? [] : [`sentinel auth-pass ${masterName} ${password}`]),
      ...(sentinelPassword === undefined
        ? []
        : [`requirepass ${sentinelPassword}`, `sentinel sentinel-pass ${sentinelPassword}`]),
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const child = await startChild('redis-server', [file, '--sentinel']);
    const answers = eventually(
      async () => {
        if (child.hasExited()) return 'ended';
        return (await answersPing(port, sentinelPassword)) ? 'answers' : undefined;
      },
      () => `a sentinel on ${port}; it printed:\n${child.lines.slice(-20).join('\n')}`,
    );
    const state = await answers.catch(async (error: unknown) => {
      await child.end('SIGKILL');
      throw error;
    });
    if (state === 'answers') return { port, child };
    if (child.lines.some((line) => line.includes('Address already in use'))) return 'taken';
    throw new Error(`a sentinel ended at its start:\n${child.lines.join('\n')}`);
  });
  const { port, child }: { port: number; child: Child } = started;
  const kill = async (): Promise<void> => {
    if (!child.hasExited()) await child.end('SIGKILL');
  };
  endWith(scope, kill);
  return { port, kill };
}

function field(state: unknown, name: string): string {
  return Array.isArray(state) ? String(state[state.indexOf(name) + 1]) : '';
}
