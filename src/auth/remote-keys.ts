import { createRemoteJWKSet, customFetch, errors, type FetchImplementation, type JWTVerifyGetKey } from 'jose';
import type { Log } from '../ops/log.ts';
import { KeysAwayError } from './keys-away-error.ts';

export interface RemoteKeysDeps {
  readonly log: Pick<Log, 'warn' | 'info'>;
  readonly monotonicMs: () => number;
}

export interface RemoteKeysOptions {
  readonly url: string;
  /** How long the issuer may take to answer. Who wants to listen waits for so long. */
  readonly timeoutMs?: number;
  /** Fetched anew at most so often for a key that is not known. */
  readonly cooldownMs?: number;
  /** Fetched anew when they are older; what was fetched goes on meanwhile, and while the issuer is away. */
  readonly maxAgeMs?: number;
  /** Not asked again sooner than this after it did not answer. */
  readonly retryMs?: number;
}

export interface RemoteKeys {
  /** Rejects with a KeysAwayError when the issuer does not answer and the key is not known. */
  readonly keyFor: JWTVerifyGetKey;
  /** Fetches them, so that the first listener has not to wait. Never rejects. */
  prefetch(): Promise<void>;
}

/** A set of keys is a few KB: more than this is none. */
const maxSetBytes = 512 * 1024;

/**
 * The keys of an issuer who publishes them at a URL (RFC 7517, a JWK set), and who may change them at any time. `jose` fetches and reads
 * them; when it does, is said here, since by itself it would ask an issuer who is away for every single token.
 */
export function createRemoteKeys({ log, monotonicMs }: RemoteKeysDeps, options: RemoteKeysOptions): RemoteKeys {
  const { url, timeoutMs = 2000, cooldownMs = 10_000, maxAgeMs = 600_000, retryMs = 1000 } = options;
  const remote = createRemoteJWKSet(new URL(url), {
    timeoutDuration: timeoutMs,
    cooldownDuration: Infinity,
    cacheMaxAge: Infinity,
    [customFetch]: fetchBounded,
  });
  // Some issuers have the address say who asks.
  const { origin, pathname } = new URL(url);
  const from = `${origin}${pathname}`;
  let fetchedMs = Number.NEGATIVE_INFINITY;
  let failedMs = Number.NEGATIVE_INFINITY;
  let isAway = false;

  async function fetchNow(): Promise<void> {
    if (monotonicMs() - failedMs < retryMs) throw new KeysAwayError('asked a moment ago');
    try {
      await remote.reload();
    } catch (error) {
      failedMs = monotonicMs();
      if (!isAway)
        log.warn({ event: 'keys.away', from, reason: reasonOf(error) }, 'the keys of tokens cannot be fetched');
      isAway = true;
      throw new KeysAwayError('no answer', { cause: error });
    }
    fetchedMs = monotonicMs();
    if (isAway) log.info({ event: 'keys.back', from }, 'the keys of tokens are fetched again');
    isAway = false;
  }

  const prefetch = (): Promise<void> => fetchNow().catch(() => {});

  return {
    prefetch,
    async keyFor(header, token) {
      if (fetchedMs === Number.NEGATIVE_INFINITY) await fetchNow();
      else if (monotonicMs() - fetchedMs > maxAgeMs && !remote.reloading) void prefetch();
      try {
        return await remote(header, token);
      } catch (error) {
        const isKnown = !(error instanceof errors.JWKSNoMatchingKey);
        if (isKnown || monotonicMs() - fetchedMs < cooldownMs) throw error;
      }
      await fetchNow();
      return remote(header, token);
    },
  };
}

/** No redirect is followed, so that the keys come from where the operator said. */
const fetchBounded: FetchImplementation = async (url, { headers, method, redirect, signal }) => {
  const response = await fetch(url, { headers, method, redirect, signal });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxSetBytes) throw new RangeError('the set is too large');
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status: response.status });
};

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.message;
}
