import { createHmac } from 'node:crypto';

/** Of as many bytes as `token-secret` must have at least. */
export const tokenSecret = 'a secret of thirty-two bytes, no more'.replaceAll(' ', '-').slice(0, 32);

/** Unix seconds, so many from now. */
export function secondsFromNow(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

/** The parts of a token as one writes them: a header and claims, right or wrong, or text in their place. */
export function encodePart(part: unknown): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}

export interface SecretTokenOptions {
  readonly secret?: string | Uint8Array;
  readonly header?: unknown;
  /** The hash of the HMAC, whatever the header says. */
  readonly hash?: string;
}

/** A token that is signed with a secret, by hand and not by the library that verifies it. */
export function secretToken(
  claims: unknown,
  { secret = tokenSecret, header = { alg: 'HS256', typ: 'JWT' }, hash = 'sha256' }: SecretTokenOptions = {},
): string {
  const signed = `${encodePart(header)}.${encodePart(claims)}`;
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`;
}
