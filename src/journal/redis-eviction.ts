import type { Redis } from 'ioredis';
import type { RedisLog } from './redis-connection.ts';

/**
 * Warns when Redis may drop keys of its own accord once its memory is full: a mailbox or an id that it evicts is missing and nobody
 * knows. Where CONFIG is forbidden, as by many who host Redis, it says nothing.
 */
export async function warnOfEviction(redis: Redis, log: RedisLog): Promise<void> {
  let policy: unknown;
  try {
    const reply: unknown = await redis.call('config', 'get', 'maxmemory-policy');
    policy = Array.isArray(reply) ? reply[1] : undefined;
  } catch {
    return;
  }
  if (typeof policy === 'string' && policy !== 'noeviction') {
    log.warn({
      event: 'redis.evicts',
      policy,
      reason: 'Redis may drop what the journal keeps: set maxmemory-policy noeviction.',
    });
  }
}
