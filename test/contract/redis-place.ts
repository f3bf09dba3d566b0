import type { Retention } from '../../src/journal/journal.ts';
import type { RedisJournalOptions } from '../../src/journal/redis.ts';
import type { RedisLog } from '../../src/journal/redis-connection.ts';

export const plenty: Retention = {
  messages: 100_000,
  bytes: 256 * 1024 * 1024,
  ageMs: 3_600_000,
  mailboxMessages: 1000,
  broadcastMessages: 10_000,
  idMs: 24 * 3_600_000,
  ids: 1_000_000,
};

/** A log that nobody reads. */
export const quiet: RedisLog = { info: () => {}, warn: () => {} };

export type Place = Pick<RedisJournalOptions, 'settings' | 'prefix' | 'deadlineMs'>;

/** How a driver under test reaches a Redis. */
export function placeAt(port: number, prefix: string): Place {
  return { settings: { host: '127.0.0.1', port, db: 0, tls: false }, prefix, deadlineMs: 5000 };
}
