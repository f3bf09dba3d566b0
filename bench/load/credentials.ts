import { createHmac } from 'node:crypto';

/** What a server asks of those who post and of those who listen. */
export interface Credentials {
  /** An API key. */
  key: string;
  /** Tokens are HS256 by this secret. */
  tokenSecret: string;
  issuer: string;
  audience: string;
  /** Of the page that listens. */
  origin: string;
}

/** Longer than any run. */
const TOKEN_SECONDS = 3_600;
const HEADER = encode({ alg: 'HS256', typ: 'JWT' });

/** The headers of a post; none when nothing is asked for. */
export function posterHeaders(credentials: Credentials | null): Record<string, string> {
  if (credentials === null) return {};
  return { Authorization: `Bearer ${credentials.key}`, 'X-Forwarded-For': '10.255.255.255' };
}

/** The headers of a listener behind a proxy, each from an address of its own. */
export function listenerHeaders(credentials: Credentials | null, index: number, uid: number): Record<string, string> {
  if (credentials === null) return {};
  return {
    Authorization: `Bearer ${tokenFor(credentials, uid)}`,
    Origin: credentials.origin,
    'X-Forwarded-For': [10, (index >> 16) & 255, (index >> 8) & 255, index & 255].join('.'),
  };
}

/** Headers as they stand in a request. */
export function headerLines(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}

function tokenFor({ tokenSecret, issuer, audience }: Credentials, uid: number): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: issuer,
    aud: audience,
    sub: String(uid),
    types: ['notice'],
    iat: now,
    exp: now + TOKEN_SECONDS,
  };
  const signed = `${HEADER}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', tokenSecret).update(signed).digest('base64url')}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
