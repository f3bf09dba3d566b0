import type { RedisQueueUrl } from '../config/queue-url.ts';
import type { RedisLogin, RedisSettings } from '../journal/redis-connection.ts';

export interface RedisPlaceOptions {
  readonly prefix: string;
  /** The longest that one question to a sentinel or a node of a cluster waits. */
  readonly deadlineMs: number;
}

export interface RedisPlace {
  readonly settings: RedisSettings;
  /** Of all keys: with braces where these have to be in one slot. */
  readonly prefix: string;
}

/** How the Redis of a queue is reached: at its address, or by a finder that all connections of the process share. */
export async function openRedisPlace(
  queue: RedisQueueUrl,
  { prefix, deadlineMs }: RedisPlaceOptions,
): Promise<RedisPlace> {
  const { username, password, tls, db } = queue;
  const login: RedisLogin = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    tls,
    db,
  };
  if (queue.via === undefined) return { settings: { ...login, host: queue.host, port: queue.port }, prefix };
  const { createFinder } = await import('../journal/redis-finder.ts');
  const { servers } = queue;
  if (queue.via === 'cluster') {
    const { createClusterSearch, oneSlotPrefix } = await import('../journal/redis-cluster.ts');
    const inOneSlot = oneSlotPrefix(prefix);
    const search = createClusterSearch({ servers, key: inOneSlot, login: { ...login, deadlineMs } });
    return { settings: { ...login, finder: createFinder(search) }, prefix: inOneSlot };
  }
  const { createSentinelSearch } = await import('../journal/redis-sentinel.ts');
  const { master, sentinelUsername, sentinelPassword } = queue;
  const search = createSentinelSearch({
    servers,
    master,
    sentinelLogin: {
      ...(sentinelUsername === undefined ? {} : { username: sentinelUsername }),
      ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
      tls,
      deadlineMs,
    },
    masterLogin: { ...login, deadlineMs },
  });
  return { settings: { ...login, finder: createFinder(search) }, prefix };
}
