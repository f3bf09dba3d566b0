import { createHmac, constants, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

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

/** An issuer's key and its public half, for one algorithm. */
export interface IssuerKey {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function createIssuerKey(alg: string, kid?: string): IssuerKey {
  return { alg, kid, ...pairFor(alg) };
}

function pairFor(alg: string): { publicKey: KeyObject; privateKey: KeyObject } {
  if (/^[RP]S/.test(alg)) return generateKeyPairSync('rsa', { modulusLength: 2048 });
  if (alg === 'EdDSA' || alg === 'Ed25519') return generateKeyPairSync('ed25519');
  const namedCurve = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[alg];
  if (namedCurve === undefined) throw new RangeError(`there is no key for ${alg}`);
  return generateKeyPairSync('ec', { namedCurve });
}

/** The public half as an issuer publishes it. */
export function publicJwk({ publicKey, kid, alg }: IssuerKey): Record<string, unknown> {
  return { ...publicKey.export({ format: 'jwk' }), ...(kid === undefined ? {} : { kid }), alg, use: 'sig' };
}

export function publicPem({ publicKey }: IssuerKey): string {
  return publicKey.export({ format: 'pem', type: 'spki' }).toString();
}

/** A token that is signed with a private key, by hand; `header` is added to the usual one. */
export function keyToken(claims: unknown, { alg, kid, privateKey }: IssuerKey, header: object = {}): string {
  const usual = { alg, ...(kid === undefined ? {} : { kid }) };
  const signed = `${encodePart({ ...usual, ...header })}.${encodePart(claims)}`;
  return `${signed}.${signatureOf(signed, alg, privateKey).toString('base64url')}`;
}

function signatureOf(text: string, alg: string, key: KeyObject): Buffer {
  const data = Buffer.from(text);
  const hash = `sha${alg.slice(2)}`;
  if (alg.startsWith('RS')) return sign(hash, data, key);
  if (alg.startsWith('ES')) return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' });
  if (alg.startsWith('PS')) {
    const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
    return sign(hash, data, { key, padding, saltLength });
  }
  return sign(null, data, key);
}
