import type { TicketStore } from '../auth/ticket-store.ts';
import type { RedisConnection } from '../journal/redis-connection.ts';

/** Tickets in Redis, for all instances of a deployment. GETDEL gives each to one of those who ask. */
export function createRedisTickets(connection: RedisConnection, { prefix }: { readonly prefix: string }): TicketStore {
  const nameOf = (key: string): string => `${prefix}:ticket:${key}`;
  return {
    async put(key, text, ttlMs) {
      await connection.run((redis) => redis.set(nameOf(key), text, 'PX', Math.ceil(ttlMs)));
    },
    async take(key) {
      return (await connection.run((redis) => redis.getdel(nameOf(key)))) ?? undefined;
    },
  };
}
