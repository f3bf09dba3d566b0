import { errors } from 'jose';
import { KeysAwayError } from './keys-away-error.ts';
import type { Refused } from './listener-auth.ts';

/** When a listener may try again whose token could not be looked at. */
const retryAfterSeconds = 2;

const claimProblems: Readonly<Record<string, string>> = {
  exp: 'has a claim "exp" that is not a number of seconds',
  iat: 'has a claim "iat" that is not a number of seconds',
  nbf: 'is not valid yet (nbf)',
  aud: 'is for another audience (aud)',
  iss: 'is of another issuer (iss)',
};

/** What is wrong with a token, from what `jose` threw, whose own messages may quote it. */
export function tokenRefusal(error: unknown): Refused {
  if (error instanceof KeysAwayError) {
    const message = 'The keys that tokens are verified with cannot be had just now.';
    return { ok: false, code: 'auth_unavailable', message, retryAfterSeconds };
  }
  return { ok: false, code: 'unauthenticated', message: `The token ${problemOf(error)}.` };
}

function problemOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'has expired (exp)';
  if (error instanceof errors.JWTClaimValidationFailed)
    return claimProblems[error.claim] ?? 'has a claim that is wrong';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'is signed by an algorithm that is not allowed here';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'has a wrong signature';
  if (error instanceof errors.JWKSNoMatchingKey) return 'is signed with a key that is not known here';
  if (error instanceof errors.JOSENotSupported) return 'asks for something that is not known here (alg or crit)';
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return 'is not a signed JSON Web Token';
  return 'cannot be verified';
}
