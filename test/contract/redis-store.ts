import { after } from 'node:test';
import { createScope } from '../support/planned-scope.ts';
import { startRedis, type Redis } from '../support/redis.ts';
import { placeAt, type Place } from './redis-place.ts';

const file = createScope();
after(() => file.end());

let stores = 0;
let starting: Promise<Redis> | undefined;

/** An empty store: names of its own on the one Redis of this file. */
export async function openPlace(): Promise<Place> {
  starting ??= startRedis(file);
  const { port } = await starting;
  stores += 1;
  return placeAt(port, `store-${stores}`);
}
