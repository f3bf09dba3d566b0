import { z } from 'zod';
import { formatInstant, keyMembers, parseKeys, type NamedKey } from './key-list.ts';
import type { Parsed } from './parsed.ts';
import { HIDDEN } from './redact.ts';

/** What a backend may post with: a key that it presents, or a secret that it signs with, and what it may do. */
export interface SendKey extends NamedKey {
  /** What bodies are signed with; null: it is a key that is presented, or the secret is in a file that is not read yet. */
  readonly hmacSecret: string | null;
  /** Where the secret was read from. */
  readonly hmacSecretFile: string | null;
  /** Whether it may post to all. */
  readonly all: boolean;
  /** How the uids begin that it may post to; null: any. */
  readonly uids: readonly string[] | null;
  /** The types that it may post; null: any. */
  readonly types: readonly string[] | null;
  /** Most posts a second; 0: as many as it likes. */
  readonly rate: number;
}

/** As long as the digest: a shorter one is easier to guess than what it makes. */
const leastSecretBytes = 32;

/** What a secret must be, in words. */
export const secretForm = `must be at least ${leastSecretBytes} bytes`;

const mostRate = 1_000_000;
const rateForm = `must be a whole number of posts a second from 1 to ${mostRate}`;

const texts = (what: string) =>
  z.array(z.string({ error: `must be ${what}; a number stands in quotes` }).min(1, { error: 'must not be empty' }), {
    error: `must be a list of ${what}`,
  });

const schema = z
  .strictObject({
    name: keyMembers.name,
    hash: keyMembers.hash.optional(),
    'hmac-secret': z.string({ error: 'must be text' }).refine(isLongSecret, { error: secretForm }).optional(),
    'hmac-secret-file': z.string({ error: 'must be the path of a file' }).min(1, { error: 'is empty' }).optional(),
    all: z.boolean({ error: 'must be true or false' }).optional(),
    uids: texts('beginnings of uids').optional(),
    types: texts('types').min(1, { error: 'must name at least one type' }).optional(),
    rate: z.int({ error: rateForm }).min(1, { error: rateForm }).max(mostRate, { error: rateForm }).optional(),
    expires: keyMembers.expires.optional(),
  })
  .refine(
    (key) => [key.hash, key['hmac-secret'], key['hmac-secret-file']].filter((one) => one !== undefined).length === 1,
    {
      error: 'must have exactly one of hash, hmac-secret and hmac-secret-file',
    },
  )
  .transform((key): SendKey => ({
    name: key.name,
    hash: key.hash ?? null,
    hmacSecret: key['hmac-secret'] ?? null,
    hmacSecretFile: key['hmac-secret-file'] ?? null,
    // Who is given some uids is not given all of them as well, unless that is said.
    all: key.all ?? key.uids === undefined,
    uids: key.uids ?? null,
    types: key.types ?? null,
    rate: key.rate ?? 0,
    expiresAtMs: key.expires ?? 0,
  }));

export function parseSendKeys(raw: unknown): Parsed<readonly SendKey[]> {
  return parseKeys(schema, raw);
}

export function isLongSecret(secret: string): boolean {
  return Buffer.byteLength(secret) >= leastSecretBytes;
}

/** A key as one would write it, without its secret. */
export function describeSendKey(key: SendKey): Readonly<Record<string, unknown>> {
  const { name, hash, hmacSecret, hmacSecretFile, all, uids, types, rate, expiresAtMs } = key;
  return {
    name,
    ...(hash === null ? {} : { hash }),
    ...(hmacSecretFile === null
      ? hmacSecret !== null && { 'hmac-secret': HIDDEN }
      : { 'hmac-secret-file': hmacSecretFile }),
    all,
    ...(uids !== null && { uids }),
    ...(types !== null && { types }),
    ...(rate !== 0 && { rate }),
    ...(expiresAtMs !== 0 && { expires: formatInstant(expiresAtMs) }),
  };
}
