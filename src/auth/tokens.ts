import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions } from 'jose';
import type { Authenticated } from './listener-auth.ts';
import { readGrant } from './token-grant.ts';
import { tokenRefusal } from './token-refusal.ts';

export interface TokensDeps {
  /** The key that a token of this header is to be verified with. */
  readonly keyFor: JWTVerifyGetKey;
  /** Unix milliseconds of the machine's clock: those of `exp`, `nbf` and `iat`. */
  readonly now: () => number;
}

export interface TokensOptions {
  /** No other is taken, whatever a token says of itself. */
  readonly algorithms: readonly string[];
  /** The `iss` that a token must have; null: any, or none. */
  readonly issuer: string | null;
  /** One of these must be in its `aud`; none: any, or none. */
  readonly audience: readonly string[];
  /** How far clocks may be apart. */
  readonly leewayMs: number;
}

/** Never rejects. */
export type VerifyToken = (token: string) => Promise<Authenticated>;

/** Verifies JSON Web Tokens, signed ones alone (RFC 7519), and reads what they grant. */
export function createTokens({ keyFor, now }: TokensDeps, options: TokensOptions): VerifyToken {
  const { algorithms, issuer, audience, leewayMs } = options;
  const fixed: JWTVerifyOptions = {
    algorithms: [...algorithms],
    clockTolerance: leewayMs / 1000,
    ...(issuer === null ? {} : { issuer }),
    ...(audience.length === 0 ? {} : { audience: [...audience] }),
  };

  async function claimsOf(token: string, currentDate: Date): Promise<JWTPayload> {
    const verifying = { ...fixed, currentDate };
    try {
      return (await jwtVerify(token, keyFor, verifying)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      return tryEach(token, error, verifying);
    }
  }

  return async (token) => {
    const nowMs = now();
    try {
      return readGrant(await claimsOf(token, new Date(nowMs)), nowMs, leewayMs);
    } catch (error) {
      return tokenRefusal(error);
    }
  };
}

/** A token that does not name its key is its who fits: an issuer in the middle of a rotation has two. */
async function tryEach(
  token: string,
  fitting: InstanceType<typeof errors.JWKSMultipleMatchingKeys>,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  for await (const key of fitting) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}
