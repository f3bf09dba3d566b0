import { z } from 'zod';
import { accept, refuse, type Parsed } from './parsed.ts';
import { showName } from './redact.ts';

/** What a list of keys may be, as error lines and docs say it. */
export const KEYS_FORM = 'a list of keys, in a flag or the environment as JSON';

/** What every key has, whatever it opens. */
export interface NamedKey {
  /** By which logs, statistics and answers call it. */
  readonly name: string;
  /** `sha256:` and the SHA-256 of the key in base64url; null: nobody presents it, it signs. */
  readonly hash: string | null;
  /** Unix ms from which it is refused; 0: never. */
  readonly expiresAtMs: number;
}

/** One key that could not be read is one problem, which repeats nothing of it but its name: it may hold a secret. */
export type KeySchema<T extends NamedKey> = z.ZodType<T>;

/** The members that are read alike in every list of keys. */
export const keyMembers = {
  name: z
    .string({ error: ({ input }) => (input === undefined ? 'is missing' : 'must be text') })
    .regex(/^[A-Za-z0-9._-]{1,64}$/, { error: 'must be 1 to 64 of the characters A-Z a-z 0-9 . _ -' }),
  hash: z.string({ error: 'must be text' }).refine(isHash, {
    error: 'must be sha256: and 43 characters, the SHA-256 of the key in base64url, as tidings keys writes it',
  }),
  expires: z
    .union([z.iso.date(), z.iso.datetime({ offset: true })], {
      error: 'must be a day (2027-01-31) or an instant with its zone (2027-01-31T12:00:00Z)',
    })
    .transform(Date.parse),
};

/**
 * Reads a list of keys: of a file, or as JSON text. Names and hashes stand once each, so that a name in a log is one key. Unknown
 * members are refused: a misspelt scope would be no scope.
 */
export function parseKeys<T extends NamedKey>(schema: KeySchema<T>, raw: unknown): Parsed<readonly T[]> {
  const list = listOf(raw);
  if (!Array.isArray(list)) return refuse(`must be ${KEYS_FORM}`);
  const keys: T[] = [];
  for (const [index, item] of list.entries()) {
    const read = schema.safeParse(item);
    if (!read.success) return refuse(`key ${labelOf(item, index)}: ${problemOf(read.error)}`);
    const { name, hash } = read.data;
    if (keys.some((other) => other.name === name)) return refuse(`key ${name}: this name stands twice`);
    const twin = keys.find((other) => hash !== null && other.hash === hash);
    if (twin !== undefined) return refuse(`key ${name}: is the same key as ${twin.name}`);
    keys.push(read.data);
  }
  return accept(keys);
}

/** An instant as `expires` takes it. */
export function formatInstant(atMs: number): string {
  return new Date(atMs).toISOString().replace('T00:00:00.000Z', '');
}

function isHash(text: string): boolean {
  const digest = /^sha256:([A-Za-z0-9_-]{43})$/.exec(text)?.[1] ?? '';
  // The last character holds two bits that say nothing: one spelling of a digest is enough.
  return digest !== '' && Buffer.from(digest, 'base64url').toString('base64url') === digest;
}

function listOf(raw: unknown): unknown {
  if (typeof raw !== 'string') return plain(raw);
  if (raw.trim() === '') return [];
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}

/** A file's maps come as maps. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  return Object.fromEntries([...value].map(([name, member]) => [String(name), plain(member)]));
}

/** Its name where it has one, else its place from 1 on. */
function labelOf(item: unknown, index: number): string {
  const name: unknown = typeof item === 'object' && item !== null && 'name' in item ? item.name : undefined;
  return keyMembers.name.safeParse(name).success ? String(name) : `number ${index + 1}`;
}

function problemOf({ issues }: z.ZodError): string {
  const [first] = issues;
  if (first === undefined) return 'cannot be read';
  if (first.code === 'unrecognized_keys') return `has no member ${first.keys.map(showName).join(', ')}`;
  const path = first.path.map((part) => (typeof part === 'number' ? `[${part}]` : String(part))).join('');
  if (path === '') return first.code === 'invalid_type' ? 'must map names to values' : first.message;
  return `${path} ${first.message}`;
}
