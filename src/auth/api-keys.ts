import { hash, timingSafeEqual } from 'node:crypto';
import type { NamedKey } from '../config/key-list.ts';
import type { Presented, Refused } from './listener-auth.ts';

export type FoundKey<K> = { readonly ok: true; readonly key: K } | Refused;

/** A key's hash, as its digest. */
interface Digested<K> {
  readonly key: K;
  readonly digest: Buffer;
}

const noKey = 'There is no key; send one as Authorization: Bearer KEY, or as X-API-Key: KEY.';

/**
 * Finds the key that a request presents. Keys are 256 random bits, so one SHA-256 hides them well enough and is cheap enough to be
 * asked for each request. What is presented is compared with every key, all to the end: how long it takes says nothing of which
 * key came near. O(keys).
 */
export class ApiKeys<K extends NamedKey> {
  readonly #keys: readonly Digested<K>[];
  readonly #now: () => number;

  /** `now`: Unix ms. Keys that sign are left out. */
  constructor(keys: readonly K[], now: () => number) {
    this.#keys = keys.flatMap((key) =>
      key.hash === null ? [] : [{ key, digest: Buffer.from(key.hash.replace(/^sha256:/, ''), 'base64url') }],
    );
    this.#now = now;
  }

  find(headers: Presented['headers']): FoundKey<K> {
    const { authorization, 'x-api-key': apiKey } = headers;
    const bearer = bearerOf(authorization);
    const presented = bearer ?? apiKey;
    if (typeof presented !== 'string' || presented === '') return unauthenticated(noKey);
    if (bearer !== undefined && apiKey !== undefined && bearer !== apiKey) {
      return unauthenticated('Authorization and X-API-Key hold different keys; send one.');
    }
    const key = this.#keyOf(presented);
    if (key === undefined) return unauthenticated('This key is not known.');
    if (key.expiresAtMs !== 0 && this.#now() >= key.expiresAtMs) {
      return unauthenticated(`The key ${key.name} has expired.`);
    }
    return { ok: true, key };
  }

  #keyOf(presented: string): K | undefined {
    // In one call and as text it costs a third of what a Hash object does, and it is done for every post.
    const digest = Buffer.from(hash('sha256', presented, 'hex'), 'hex');
    let found: K | undefined;
    for (const { key, digest: known } of this.#keys) if (timingSafeEqual(digest, known)) found = key;
    return found;
  }
}

/** Whether a request holds a key at all, of whatever kind. */
export function presentsKey(headers: Presented['headers']): boolean {
  return headers['x-api-key'] !== undefined || bearerOf(headers['authorization']) !== undefined;
}

export function unauthenticated(message: string): Refused {
  return { ok: false, code: 'unauthenticated', message };
}

/** What stands after `Bearer`, however that is written; undefined: there is no such header, or it is of another scheme. */
function bearerOf(header: Presented['headers'][string]): string | undefined {
  return typeof header === 'string' ? /^bearer +(\S+) *$/i.exec(header)?.[1] : undefined;
}
