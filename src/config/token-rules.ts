import type { Config } from './schema.ts';
import type { TokenAlgorithm } from './token-kinds.ts';

type TokenConfig = Pick<
  Config,
  | 'tokenSecret'
  | 'tokenKey'
  | 'tokenJwks'
  | 'tokenAlgorithms'
  | 'tokenIssuer'
  | 'tokenAudience'
  | 'tokenCookie'
  | 'tickets'
>;

/** The algorithm of a secret; all others have a public key. */
const secretAlgorithm: TokenAlgorithm = 'HS256';

const publicAlgorithms: readonly TokenAlgorithm[] = ['RS256', 'ES256', 'EdDSA'];

/** True where a listener may show a token. */
export function takesTokens({ tokenSecret, tokenKey, tokenJwks }: TokenConfig): boolean {
  return tokenSecret !== null || tokenKey !== null || tokenJwks !== null;
}

/** The algorithms in force: what was chosen, or what is usual for the keys that there are. */
export function algorithmsOf(config: TokenConfig): readonly TokenAlgorithm[] {
  const { tokenSecret, tokenKey, tokenJwks, tokenAlgorithms } = config;
  if (tokenAlgorithms.length > 0) return tokenAlgorithms;
  const hasPublic = tokenKey !== null || tokenJwks !== null;
  return [...(tokenSecret === null ? [] : [secretAlgorithm]), ...(hasPublic ? publicAlgorithms : [])];
}

/** A line for each setting of tokens that has no effect, or a key too few. */
export function tokenErrors(config: TokenConfig): readonly string[] {
  const { tokenSecret, tokenKey, tokenJwks, tokenAlgorithms, tokenIssuer, tokenAudience, tokenCookie } = config;
  if (!takesTokens(config)) {
    const idle = [
      ...(tokenAlgorithms.length > 0 ? ['token-algorithms'] : []),
      ...(tokenIssuer === null ? [] : ['token-issuer']),
      ...(tokenAudience.length > 0 ? ['token-audience'] : []),
      ...(tokenCookie === null || config.tickets ? [] : ['token-cookie']),
    ];
    return idle.map((name) => `${name} has no effect without one of token-secret, token-key and token-jwks`);
  }
  const errors: string[] = [];
  if (tokenKey !== null && tokenJwks !== null)
    errors.push('token-key and token-jwks are both set: leave one of them out');
  if (tokenAlgorithms.length === 0) return errors;
  const hasSecret = tokenSecret !== null;
  const hasPublic = tokenKey !== null || tokenJwks !== null;
  if (tokenAlgorithms.includes(secretAlgorithm) !== hasSecret) {
    errors.push(
      hasSecret
        ? `token-secret has no effect: ${secretAlgorithm} is not among token-algorithms`
        : `token-algorithms holds ${secretAlgorithm}, which needs token-secret`,
    );
  }
  if (tokenAlgorithms.some((name) => name !== secretAlgorithm) !== hasPublic) {
    errors.push(
      hasPublic
        ? 'token-key and token-jwks have no effect: token-algorithms holds none that has a public key'
        : 'token-algorithms holds one that needs token-key or token-jwks',
    );
  }
  return errors;
}
