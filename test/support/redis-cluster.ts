import type { Scope } from './cleanup.ts';
import { askRedis } from './ask-redis.ts';
import { eventually } from './deadline.ts';
import { freePort } from './free-port.ts';
import { startRedis, type Redis } from './redis.ts';

export interface ClusterSetOptions {
  /** Arguments of all nodes. */
  readonly args?: readonly string[];
  readonly password?: string;
  /** The shard of this key has a replica as well. */
  readonly replicaFor: string;
}

/** Three shards of one node each, and a replica of one of them: real processes of the test's own. */
export interface ClusterSet {
  /** The node that has the slot of the key at the start, and its replica. */
  readonly owner: Redis;
  readonly replica: Redis;
  readonly others: readonly Redis[];
  /** `host:port`, with what it takes to log in, as it stands after `redis-cluster/`. */
  addressOf(nodes: readonly Redis[]): string;
  /** Waits until all nodes that live say that this one has the slot. */
  untilOwner(node: Redis): Promise<void>;
}

/** After this long without an answer a node is given up. */
const nodeTimeoutMs = 1000;

const slotRanges = [
  [0, 5460],
  [5461, 10_922],
  [10_923, 16_383],
] as const;

export async function startClusterSet(scope: Scope, options: ClusterSetOptions): Promise<ClusterSet> {
  const { password, replicaFor } = options;
  const ask = <T>(node: Redis, question: (client: Parameters<Parameters<typeof askRedis<T>>[2]>[0]) => Promise<T>) =>
    askRedis(node.port, password, question);
  const nodes: Redis[] = [];
  const buses: number[] = [];
  for (let count = 0; count < 4; count += 1) {
    const bus = await freePort();
    buses.push(bus);
    const args = [
      ...['--cluster-enabled', 'yes', '--cluster-port', String(bus)],
      ...['--cluster-node-timeout', String(nodeTimeoutMs), '--repl-diskless-sync-delay', '0'],
      ...(password === undefined ? [] : ['--masterauth', password]),
      ...(options.args ?? []),
    ];
    nodes.push(await startRedis(scope, { args, ...(password === undefined ? {} : { password }) }));
  }
  const [first, , , replica] = nodes;
  if (first === undefined || replica === undefined) throw new Error('no nodes');
  for (const [index, [from, to]] of slotRanges.entries()) {
    const node = nodes[index];
    if (node === undefined) throw new Error('too few nodes');
    await ask(node, (client) => client.call('cluster', 'addslotsrange', from, to));
    // Without it two nodes that have just begun may both take the first place in the configuration.
    await ask(node, (client) => client.call('cluster', 'set-config-epoch', index + 1));
  }
  for (const [index, node] of nodes.entries()) {
    if (node === first) continue;
    await ask(first, (client) => client.call('cluster', 'meet', '127.0.0.1', node.port, buses[index] ?? 0));
  }
  const allSay = (what: string, says: (info: string) => boolean): Promise<true> =>
    eventually(async () => {
      for (const node of nodes) {
        const info = String(await ask(node, (client) => client.call('cluster', 'info')));
        if (!says(info)) return undefined;
      }
      return true;
    }, what);
  await allSay(
    'the nodes to know each other',
    (info) => /cluster_state:ok/.test(info) && /cluster_known_nodes:4/.test(info),
  );

  const slot = Number(await ask(first, (client) => client.call('cluster', 'keyslot', replicaFor)));
  const owner = nodes[slotRanges.findIndex(([from, to]) => slot >= from && slot <= to)];
  if (owner === undefined) throw new Error(`nobody has slot ${slot}`);
  const id = String(await ask(owner, (client) => client.call('cluster', 'myid')));
  await eventually(
    () =>
      ask(replica, (client) => client.call('cluster', 'replicate', id)).then(
        () => true,
        () => undefined,
      ),
    'the replica to know its master',
  );
  await eventually(async () => {
    const info = await ask(replica, (client) => client.info('replication'));
    return info.includes('master_link_status:up') ? true : undefined;
  }, 'the replica to follow its master');

  const ownerSaidBy = async (node: Redis): Promise<number> => {
    const slots: unknown = await ask(node, (client) => client.call('cluster', 'slots'));
    for (const range of Array.isArray(slots) ? slots : []) {
      const [from, to, at] = range as [number, number, [string, number]];
      if (slot >= from && slot <= to) return at[1];
    }
    return 0;
  };
  const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`;

  return {
    owner,
    replica,
    others: nodes.filter((node) => node !== owner && node !== replica),
    addressOf: (some) => credentials + some.map(({ port }) => `127.0.0.1:${port}`).join(','),
    async untilOwner(wanted) {
      const voices = nodes.filter((node) => node !== owner);
      await eventually(
        async () => {
          const said = await Promise.all(voices.map(ownerSaidBy)).catch(() => []);
          return said.length > 0 && said.every((port) => port === wanted.port) ? true : undefined;
        },
        'all nodes to name the new owner',
        30_000,
      );
    },
  };
}
