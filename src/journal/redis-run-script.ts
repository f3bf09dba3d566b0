import type { Redis } from 'ioredis';
import type { Script } from './redis-scripts.ts';

/** Runs a script whose reply is a list of integers. Its text goes over the wire only when Redis does not have it yet. */
export async function runScript(
  redis: Redis,
  { text, sha }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<number[]> {
  const rest = [keys.length, ...keys, ...args];
  try {
    return integers(await redis.call('evalsha', [sha, ...rest]));
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return integers(await redis.call('eval', [text, ...rest]));
  }
}

function integers(reply: unknown): number[] {
  if (!Array.isArray(reply)) throw new TypeError('a script replied with something other than a list');
  return reply.map(Number);
}
