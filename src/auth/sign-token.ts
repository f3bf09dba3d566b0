import { SignJWT } from 'jose';
import { readGrant } from './token-grant.ts';
import { secretAlgorithm } from './token-keys.ts';

export interface SignTokenOptions {
  readonly secret: string;
  readonly issuer: string | null;
  readonly audience: readonly string[];
}

export type SignedToken =
  { readonly ok: true; readonly token: string } | { readonly ok: false; readonly problem: string };

/** A token that a server of these settings takes, as a backend would make it. What it would not take is refused here. */
export async function signToken(
  order: { readonly uid: string; readonly types: string | undefined; readonly ttlMs: number },
  { secret, issuer, audience }: SignTokenOptions,
  nowMs: number,
): Promise<SignedToken> {
  const iat = Math.floor(nowMs / 1000);
  const claims = {
    sub: order.uid,
    ...(order.types === undefined ? {} : { types: order.types.split(',') }),
    iat,
    exp: Math.ceil((nowMs + order.ttlMs) / 1000),
    ...(issuer === null ? {} : { iss: issuer }),
    ...(audience[0] === undefined ? {} : { aud: audience[0] }),
  };
  const read = readGrant(claims, nowMs, 0);
  if (!read.ok) return { ok: false, problem: read.message };
  const header = { alg: secretAlgorithm, typ: 'JWT' };
  return { ok: true, token: await new SignJWT(claims).setProtectedHeader(header).sign(Buffer.from(secret)) };
}
