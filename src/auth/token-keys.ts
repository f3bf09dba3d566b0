import { webcrypto } from 'node:crypto';
import { errors, type JWTVerifyGetKey } from 'jose';

/** The algorithm of a secret that the issuer and the server share. All others have a public key. */
export const secretAlgorithm = 'HS256';

/**
 * Which key a token is verified with: the secret for HS256 and for nothing else, a public key for the rest. So a public key is never
 * taken for a secret, which everybody has (RFC 8725, 2.1), whatever a token says of itself. Undefined: there is none of the kind.
 */
export function createKeyFor(secret: string | null, publicKeyFor: JWTVerifyGetKey | undefined): JWTVerifyGetKey {
  const secretKey = secret === null ? undefined : importSecret(secret);
  return async (header, token) => {
    if (header.alg === secretAlgorithm) {
      if (secretKey === undefined) throw new errors.JOSEAlgNotAllowed();
      return secretKey;
    }
    if (publicKeyFor === undefined) throw new errors.JOSEAlgNotAllowed();
    return publicKeyFor(header, token);
  };
}

/** The bytes of its text are the secret. */
function importSecret(secret: string): Promise<webcrypto.CryptoKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  return webcrypto.subtle.importKey('raw', Buffer.from(secret), algorithm, false, ['verify']);
}
