import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { SendKey } from '../config/send-keys.ts';
import { unauthenticated, type FoundKey } from './api-keys.ts';
import type { Presented, Refused } from './listener-auth.ts';
import { signatureWindowMs } from '../wire/limits.ts';

/** Most signatures of one post: an old secret's beside a new one's, and some to spare. */
const maxSignatures = 4;

/** What the headers say of a signed post, and what it is to be held against. */
export interface Claim {
  readonly secret: string;
  /** Unix seconds, as they were sent. */
  readonly at: string;
  /** The digests of which one must be right. */
  readonly digests: readonly Buffer[];
}

export interface SignedBody {
  readonly claim: Claim;
  readonly headers: Presented['headers'];
  readonly body: Uint8Array;
}

/** Whether a request says that it is signed. */
export function isSigned(headers: Presented['headers']): boolean {
  return headers['tidings-key'] !== undefined || headers['tidings-signature'] !== undefined;
}

/**
 * Finds the key that a request says it is signed with, and reads what it claims, both before its body is there. `now`: Unix ms. The
 * name of a key is no secret.
 */
export function findSigner<K extends Pick<SendKey, 'name' | 'hmacSecret' | 'expiresAtMs'>>(
  keys: readonly K[],
  headers: Presented['headers'],
  nowMs: number,
): FoundKey<{ readonly key: K; readonly claim: Claim }> {
  const { 'tidings-key': name, 'tidings-signature': signature } = headers;
  if (name === undefined)
    return unauthenticated('There is a Tidings-Signature and no Tidings-Key, the name of its key.');
  if (signature === undefined) return unauthenticated('There is a Tidings-Key and no Tidings-Signature.');
  const key = keys.find((one) => one.name === name);
  const secret = key?.hmacSecret ?? null;
  if (key === undefined || secret === null) return unauthenticated('No key of the name in Tidings-Key signs.');
  if (key.expiresAtMs !== 0 && nowMs >= key.expiresAtMs) return unauthenticated(`The key ${key.name} has expired.`);
  const claim = typeof signature === 'string' ? readClaim(signature, secret) : undefined;
  if (claim === undefined) {
    const form = 't=<Unix seconds>,v1=<HMAC-SHA256 in hex>';
    return unauthenticated(`Tidings-Signature is not ${form}, with at most ${maxSignatures} of v1.`);
  }
  if (Math.abs(Number(claim.at) * 1000 - nowMs) > signatureWindowMs) {
    const apart = Math.round(Number(claim.at) - nowMs / 1000);
    return unauthenticated(
      `The time of Tidings-Signature is ${Math.abs(apart)} s ${apart < 0 ? 'before' : 'after'} that of this instance; ` +
        `at most ${signatureWindowMs / 1000} s are allowed.`,
    );
  }
  return { ok: true, key: { key, claim } };
}

/**
 * Whether the body is what the key's owner signed, with the headers that change what it means. It gives the id that the signed post
 * has where its owner chose none: the same post again has the same one, so that nobody who has seen it can have it delivered twice.
 */
export function verifySignature({ claim, headers, body }: SignedBody): { readonly ok: true; id: string } | Refused {
  const digest = createHmac('sha256', claim.secret).update(signedHead(claim.at, headers)).update(body).digest();
  let isRight = false;
  for (const candidate of claim.digests) if (timingSafeEqual(candidate, digest)) isRight = true;
  if (!isRight) {
    return unauthenticated(
      'Tidings-Signature is not that of this post: sign the time, the media type, the Idempotency-Key and the body, a line each.',
    );
  }
  return { ok: true, id: `sig-${createHash('sha256').update(digest).digest('base64url')}` };
}

/**
 * What is signed before the body, a line each, as no header can hold the end of a line: nothing can be moved from one to the next.
 * The media type is in it since the same bytes are one post as JSON and a batch as NDJSON.
 */
function signedHead(at: string, headers: Presented['headers']): string {
  const mediaType = String(headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  return `${at}\n${mediaType.trim().toLowerCase()}\n${String(headers['idempotency-key'] ?? '')}\n`;
}

/** Undefined: it is not written as it must be. What is neither `t` nor `v1` is for later versions, and passed over. */
function readClaim(signature: string, secret: string): Claim | undefined {
  const digests: Buffer[] = [];
  let at: string | undefined;
  for (const part of signature.split(',')) {
    const [name = '', value = ''] = part.trim().split('=', 2);
    if (name === 't') {
      if (at !== undefined || !/^[1-9][0-9]{0,11}$/.test(value)) return undefined;
      at = value;
    }
    if (name === 'v1') {
      if (digests.length === maxSignatures || !/^[0-9a-f]{64}$/i.test(value)) return undefined;
      digests.push(Buffer.from(value, 'hex'));
    }
  }
  return at === undefined || digests.length === 0 ? undefined : { secret, at, digests };
}
