import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { tlsOptions } from './certificate.ts';

/** A certificate, with its chain, and its private key: PEM each. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A pair that cannot be used. Its message is one line that names the setting and the file, and nothing of what is in it. */
export class TlsPairError extends Error {
  override readonly name = 'TlsPairError';
}

/** Reads a pair and checks that it is one. `readFile` throws what becomes the message. Throws a TlsPairError. */
export function readTlsPair(
  { certFile, keyFile }: TlsFiles,
  readFile: (setting: string, file: string) => string,
): TlsPair {
  const pair: TlsPair = { cert: readFile('tls-cert', certFile), key: readFile('tls-key', keyFile) };
  const certificate = leafOf(pair);
  if (certificate === undefined) throw new TlsPairError(`tls-cert ${certFile} holds no certificate in PEM form`);
  const key = keyOf(pair);
  if (key === undefined)
    throw new TlsPairError(`tls-key ${keyFile} holds no private key in PEM form that can be read without a passphrase`);
  if (!certificate.checkPrivateKey(key))
    throw new TlsPairError(`tls-key ${keyFile} is not the key of tls-cert ${certFile}`);
  try {
    createSecureContext(tlsOptions(pair));
  } catch (error) {
    throw new TlsPairError(`tls-cert ${certFile} cannot be used with tls-key ${keyFile}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  return pair;
}

/** From when until when a pair of `readTlsPair` is valid, in Unix milliseconds. */
export function validityOf({ cert }: TlsPair): { readonly fromMs: number; readonly untilMs: number } {
  const { validFrom, validTo } = new X509Certificate(cert);
  return { fromMs: Date.parse(validFrom), untilMs: Date.parse(validTo) };
}

function leafOf({ cert }: TlsPair): X509Certificate | undefined {
  try {
    return cert.includes('-----BEGIN CERTIFICATE-----') ? new X509Certificate(cert) : undefined;
  } catch {
    return undefined;
  }
}

function keyOf({ key }: TlsPair): KeyObject | undefined {
  try {
    return createPrivateKey(key);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
