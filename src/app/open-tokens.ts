import { readFile } from 'node:fs/promises';
import type { VerifyToken } from '../auth/tokens.ts';
import type { Config } from '../config/schema.ts';
import { algorithmsOf, takesTokens } from '../config/token-rules.ts';
import type { Log } from '../ops/log.ts';
import type { Reloads } from './reloads.ts';

export interface OpenTokensDeps {
  readonly log: Log;
  readonly monotonicMs: () => number;
  /** Where a file of keys is to be read anew. */
  readonly reloads: Reloads;
}

export interface OpenTokens {
  /** Undefined: nobody may show a token. */
  readonly verifyToken: VerifyToken | undefined;
}

/** Picks the keys that tokens are verified with. `jose` is loaded only here, and only when there are any. Rejects with a KeyFileError. */
export async function openTokens(config: Config, { log, monotonicMs, reloads }: OpenTokensDeps): Promise<OpenTokens> {
  if (!takesTokens(config)) return { verifyToken: undefined };
  const { createTokens } = await import('../auth/tokens.ts');
  const { createKeyFor, secretAlgorithm } = await import('../auth/token-keys.ts');
  const { tokenSecret, tokenKey, tokenJwks, tokenIssuer, tokenAudience, tokenLeewayMs } = config;
  const algorithms = algorithmsOf(config);
  const verifyBy = (publicKeyFor?: Parameters<typeof createKeyFor>[1]): VerifyToken =>
    createTokens(
      { keyFor: createKeyFor(tokenSecret, publicKeyFor), now: Date.now },
      { algorithms, issuer: tokenIssuer, audience: tokenAudience, leewayMs: tokenLeewayMs },
    );
  if (tokenKey !== null) {
    const { openKeyFile } = await import('../auth/key-file.ts');
    const publicAlgorithms = algorithms.filter((name) => name !== secretAlgorithm);
    const readText = (path: string): Promise<string> => readFile(path, 'utf8');
    const file = await openKeyFile({ readText }, { path: tokenKey, algorithms: publicAlgorithms });
    reloads.add('token-key', () => file.reload());
    return { verifyToken: verifyBy(file.keyFor) };
  }
  if (tokenJwks !== null) {
    const { createRemoteKeys } = await import('../auth/remote-keys.ts');
    const keys = createRemoteKeys({ log, monotonicMs }, { url: tokenJwks });
    void keys.prefetch();
    return { verifyToken: verifyBy(keys.keyFor) };
  }
  return { verifyToken: verifyBy() };
}
