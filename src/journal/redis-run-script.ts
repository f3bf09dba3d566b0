import type { Redis } from 'ioredis';
import type { Script } from './redis-scripts.ts';

/** Runs a script whose reply is a list. Its text goes over the wire only when Redis does not have it yet. */
export async function callScript(
  redis: Redis,
  { text, sha }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<readonly unknown[]> {
  const rest = [keys.length, ...keys, ...args];
  try {
    return asList(await redis.call('evalsha', [sha, ...rest]));
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return asList(await redis.call('eval', [text, ...rest]));
  }
}

/** The same for a list of integers. */
export async function runScript(...call: Parameters<typeof callScript>): Promise<number[]> {
  return (await callScript(...call)).map(Number);
}

function asList(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new TypeError('a script replied with something other than a list');
  return reply;
}
