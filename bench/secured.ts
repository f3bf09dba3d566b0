import { createHash, randomBytes } from 'node:crypto';
import type { Credentials } from './load/credentials.ts';

/** Several, as while keys are changed: the one that is used is held against each. */
const KEY_COUNT = 4;

/** Far beyond what a run does: what a key and all of them may post is counted, and not met. */
const RATE = 1_000_000;

/**
 * The flags of a server that asks everybody who he is and counts for every limit, and what its callers show. Every listener comes
 * from an address of its own, so that none meets what an address may do. TLS is not
 * among them: the generator does not speak it, and the usual place for it is the proxy.
 */
export function secured(): { flags: string[]; credentials: Credentials } {
  const keys = Array.from({ length: KEY_COUNT }, newKey);
  const credentials = {
    key: keys.at(-1)!,
    tokenSecret: newKey(),
    issuer: 'https://issuer.example.com',
    audience: 'tidings-bench',
    origin: 'https://app.example.com',
  };
  const entries = keys.map((key, index) => ({
    name: `backend-${index}`,
    hash: hashOf(key),
    all: true,
    // Every uid of the run begins with 1 or 2.
    uids: ['1', '2'],
    types: ['notice'],
    rate: RATE,
    expires: '2100-01-01',
  }));
  const flags = [
    `--keys=${JSON.stringify(entries)}`,
    `--admin-keys=${JSON.stringify([{ name: 'operator', hash: hashOf(newKey()), role: 'read' }])}`,
    `--token-secret=${credentials.tokenSecret}`,
    `--token-issuer=${credentials.issuer}`,
    `--token-audience=${credentials.audience}`,
    '--tickets',
    '--origins=https://*.example.com',
    '--trust-proxy=loopback',
    '--max-connections-per-address=2',
    '--max-handshakes-per-address=10',
    `--max-posts=${RATE}`,
  ];
  return { flags, credentials };
}

function newKey(): string {
  return randomBytes(32).toString('base64url');
}

function hashOf(key: string): string {
  return `sha256:${createHash('sha256').update(key).digest('base64url')}`;
}
