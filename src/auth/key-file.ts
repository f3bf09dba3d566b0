import { createPublicKey } from 'node:crypto';
import { createLocalJWKSet, errors, type JWK, type JWTVerifyGetKey } from 'jose';
import { KeyFileError } from './key-file-error.ts';

export interface KeyFileDeps {
  /** Rejects as `fs.readFile` does. */
  readonly readText: (path: string) => Promise<string>;
}

export interface KeyFileOptions {
  readonly path: string;
  /** A key that none of these fits is of no use. */
  readonly algorithms: readonly string[];
}

/** The public keys of a file. */
export interface KeyFile {
  readonly keyFor: JWTVerifyGetKey;
  /** Reads the file again. Rejects with a KeyFileError, and keeps the keys it had, when that gives none. */
  reload(): Promise<void>;
}

/** Keys shorter than this are not taken by anybody today (RFC 7518, 3.3). */
const leastRsaBytes = 256;

const pemBlock = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g;

/** PEM (any number of public keys or certificates), a JWK or a JWK set. Rejects with a KeyFileError, a line that says what to mend. */
export async function openKeyFile(deps: KeyFileDeps, options: KeyFileOptions): Promise<KeyFile> {
  let keyFor = await load(deps, options);
  return {
    keyFor: (header, token) => keyFor(header, token),
    async reload() {
      keyFor = await load(deps, options);
    },
  };
}

async function load({ readText }: KeyFileDeps, { path, algorithms }: KeyFileOptions): Promise<JWTVerifyGetKey> {
  const fail = (problem: string): never => {
    throw new KeyFileError(`token-key ${path}: ${problem}`);
  };
  const text = await readText(path).catch((error: unknown) => fail(`cannot be read (${codeOf(error)})`));
  const keys = text.trimStart().startsWith('{') ? readJwks(text, fail) : readPem(text, fail);
  const usable: JWK[] = [];
  for (const key of keys) {
    if (key.kty === 'oct') fail('holds a secret; give it as token-secret');
    if (key.d !== undefined || key.priv !== undefined) fail('holds a private key: give its public half alone');
    if (key.kty === 'RSA' && Buffer.from(key.n ?? '', 'base64url').length < leastRsaBytes)
      fail('holds an RSA key of less than 2048 bits');
    if (await fitsAny(key, algorithms)) usable.push(key);
  }
  if (usable.length === 0) fail(`holds no public key for ${algorithms.join(', ')} (token-algorithms)`);
  return keyForToken(usable);
}

function readPem(text: string, fail: (problem: string) => never): readonly JWK[] {
  return [...text.matchAll(pemBlock)].map(([pem, label = '']) => {
    if (label.includes('PRIVATE')) fail('holds a private key: give its public half alone');
    try {
      return createPublicKey(pem).export({ format: 'jwk' }) as JWK;
    } catch {
      return fail(`holds a ${label.toLowerCase()} that cannot be read`);
    }
  });
}

function readJwks(text: string, fail: (problem: string) => never): readonly JWK[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail('is not valid JSON');
  }
  const keys: unknown = typeof value === 'object' && value !== null && 'keys' in value ? value.keys : [value];
  const isKey = (key: unknown): key is JWK => typeof key === 'object' && key !== null && 'kty' in key;
  return Array.isArray(keys) && keys.every(isKey) ? keys : fail('is neither a JWK nor a JWK set');
}

async function fitsAny(key: JWK, algorithms: readonly string[]): Promise<boolean> {
  const find = createLocalJWKSet({ keys: [key] });
  for (const alg of algorithms) {
    const found = await find({ alg, ...(key.kid === undefined ? {} : { kid: key.kid }) }).catch(() => undefined);
    if (found !== undefined) return true;
  }
  return false;
}

/** A token that names its key may be signed by one that has no name here, as those of PEM files have none. */
function keyForToken(keys: readonly JWK[]): JWTVerifyGetKey {
  const all = createLocalJWKSet({ keys: [...keys] });
  const nameless = createLocalJWKSet({ keys: keys.filter(({ kid }) => kid === undefined) });
  return async (header, token) => {
    try {
      return await all(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || header.kid === undefined) throw error;
      return nameless({ alg: header.alg });
    }
  };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
