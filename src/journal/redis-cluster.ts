import { addressText, askServer, reasonOf, type AskOptions } from './redis-ask.ts';
import { NotFoundError, type FoundServer, type RedisAddress, type RedisSearch } from './redis-finder.ts';

export interface ClusterOptions {
  /** Any nodes of the cluster. The others are learnt from them. */
  readonly servers: readonly RedisAddress[];
  /** A key of the deployment: all of its keys are in the slot of this one. */
  readonly key: string;
  readonly login: AskOptions;
}

/** How many nodes are remembered beside those that were named, for the day on which none of those answers. */
const maxKnown = 32;

/** How often one may be sent on to another node. */
const maxHops = 3;

/**
 * Finds the node of a Redis Cluster that takes the writes of one slot: any node is asked for a key of that slot and answers when the slot
 * is its own, else it says whose it is. All keys of a deployment are in one slot, so that one connection to one node is all that it
 * needs: a script is atomic there, an announcement comes by the same node that made it, and the count of its hearers is right.
 */
export function createClusterSearch({ servers, key, login }: ClusterOptions): RedisSearch {
  const name = 'Redis Cluster';
  const known = new Map<string, RedisAddress>();
  let last: RedisAddress | undefined;

  async function look(): Promise<FoundServer> {
    const asked = new Set<string>();
    const refusals: string[] = [];
    const failures: string[] = [];

    /** Rejects when neither this node nor one that it points to owns the slot. */
    async function ownerAt(address: RedisAddress, hops: number): Promise<FoundServer> {
      const text = addressText(address);
      if (asked.has(text)) throw new Error('asked already');
      asked.add(text);
      let answer;
      try {
        answer = await askNode(address);
      } catch (error) {
        failures.push(`${text}: ${reasonOf(error)}`);
        throw error;
      }
      if (answer.refusal === undefined) return { ...address, id: answer.id };
      const owner = movedTo(answer.refusal, address);
      if (owner === undefined || hops === maxHops) refusals.push(`${text}: ${answer.refusal}`);
      if (owner === undefined || hops === maxHops) throw new Error('not the owner');
      return ownerAt(owner, hops + 1);
    }

    const rounds = [[...(last === undefined ? [] : [last]), ...servers], [...known.values()]];
    for (const addresses of rounds) {
      if (refusals.length > 0) break;
      try {
        const found = await Promise.any(addresses.map((address) => ownerAt(address, 0)));
        last = { host: found.host, port: found.port };
        return found;
      } catch {
        // The next round asks nodes that were not named.
      }
    }
    throw new NotFoundError(
      `No node of ${name} takes the keys of this deployment (${[...refusals, ...failures][0] ?? 'none is known'}).`,
    );
  }

  async function askNode(address: RedisAddress): Promise<{ id: string; refusal: string | undefined }> {
    return askServer(address, login, async (redis) => {
      const [id, slots, refusal] = await Promise.all([
        redis.call('cluster', 'myid'),
        redis.call('cluster', 'slots'),
        redis.call('exists', key).then(() => undefined, replyText),
      ]);
      learn(slots, address);
      return { id: String(id), refusal };
    });
  }

  function learn(slots: unknown, asked: RedisAddress): void {
    if (!Array.isArray(slots)) return;
    for (const range of slots) {
      for (const node of Array.isArray(range) ? range.slice(2) : []) {
        if (!Array.isArray(node)) continue;
        const address = { host: hostOr(node[0], asked), port: Number(node[1]) };
        if (known.size < maxKnown) known.set(addressText(address), address);
      }
    }
  }

  return { name, look, watch: () => () => {} };
}

/** What Redis replied; an error that is no reply is thrown on. */
function replyText(error: unknown): string {
  if (error instanceof Error && error.name === 'ReplyError') return reasonOf(error);
  throw error;
}

/** Of `MOVED 1234 10.0.0.2:6379`; a node that does not know its own host leaves it out, and means the one that was asked. */
function movedTo(refusal: string, asked: RedisAddress): RedisAddress | undefined {
  const [, host, port] = /^MOVED \d+ (.*):(\d+)$/.exec(refusal) ?? [];
  return port === undefined ? undefined : { host: hostOr(host, asked), port: Number(port) };
}

function hostOr(host: unknown, asked: RedisAddress): string {
  return typeof host === 'string' && host !== '' && host !== '?' ? host : asked.host;
}

/**
 * A prefix whose keys are all in one slot. Redis goes by what stands between the first brace and the next closing one, and by the whole
 * key where nothing does.
 */
export function oneSlotPrefix(prefix: string): string {
  if (/^[^{]*\{[^}]+\}/.test(prefix)) return prefix;
  return prefix.startsWith('}') ? `{_${prefix}}` : `{${prefix}}`;
}
