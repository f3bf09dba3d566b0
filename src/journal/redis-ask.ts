import { Redis } from 'ioredis';
import type { RedisAddress } from './redis-finder.ts';

export interface AskOptions {
  readonly username?: string;
  readonly password?: string;
  readonly tls: boolean;
  /** The longest that connecting, logging in and the answers take together. */
  readonly deadlineMs: number;
}

const disconnectMs = 100;

/** Asks one server something, on a connection that is closed again. Rejects with what went wrong first. */
export async function askServer<T>(
  { host, port }: RedisAddress,
  options: AskOptions,
  ask: (redis: Redis) => Promise<T>,
): Promise<T> {
  const redis = new Redis(askOptions({ host, port }, options));
  let broken: unknown;
  redis.on('error', (error: unknown) => (broken ??= error));
  const timer = setTimeout(() => {
    broken ??= new Error(`no reply within ${options.deadlineMs} ms`);
    redis.disconnect();
  }, options.deadlineMs);
  try {
    await redis.connect();
    return await ask(redis);
  } catch (error) {
    throw broken ?? error;
  } finally {
    clearTimeout(timer);
    redis.disconnect();
  }
}

function askOptions({ host, port }: RedisAddress, { username, password, tls }: AskOptions) {
  return {
    host,
    port,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    lazyConnect: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    disconnectTimeout: disconnectMs,
    retryStrategy: () => null,
  };
}

/** `ECONNREFUSED`, or the first line of what Redis or ioredis said. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && typeof error.code === 'string') return error.code;
  return (error.message.split(/[\r\n]|, with args/)[0] ?? '').slice(0, 200);
}

export function addressText({ host, port }: RedisAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
