import { Redis } from 'ioredis';
import { endWith, type Scope } from '../support/cleanup.ts';

/** A plain client, to look into a Redis and to disturb it. */
export function openClient(scope: Scope, url: string): Redis {
  const client = new Redis(url);
  client.on('error', () => {});
  endWith(scope, () => client.disconnect());
  return client;
}
