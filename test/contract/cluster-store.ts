import { after } from 'node:test';
import { createClusterSearch } from '../../src/journal/redis-cluster.ts';
import { createFinder } from '../../src/journal/redis-finder.ts';
import { createScope } from '../support/planned-scope.ts';
import { startClusterSet, type ClusterSet } from '../support/redis-cluster.ts';
import type { Place } from './redis-place.ts';

const file = createScope();
after(() => file.end());

const deadlineMs = 5000;
const login = { db: 0, tls: false };
let stores = 0;
let starting: Promise<ClusterSet> | undefined;

/** An empty store: a slot of its own on the one cluster of this file, whichever node has it. */
export async function openClusterPlace(): Promise<Place> {
  starting ??= startClusterSet(file, { replicaFor: 'any' });
  const { others } = await starting;
  stores += 1;
  const prefix = `{store-${stores}}`;
  const servers = others.map(({ port }) => ({ host: '127.0.0.1', port }));
  const search = createClusterSearch({ servers, key: prefix, login: { ...login, deadlineMs } });
  return { settings: { ...login, finder: createFinder(search) }, prefix, deadlineMs };
}
