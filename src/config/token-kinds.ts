import { isLoopback } from './host.ts';
import { fromRaw, mustBe, wordText, type KeyText } from './kinds.ts';
import { accept, refuse, type Parsed } from './parsed.ts';
import { showValue } from './redact.ts';

/** What a token may be signed by. No `none`, and of those with a secret one alone. */
export const tokenAlgorithms = [
  'HS256',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

export type TokenAlgorithm = (typeof tokenAlgorithms)[number];

/** Null: none. */
export function optionalText(form: string, matching: RegExp, text: KeyText) {
  const none: string | null = null;
  return fromRaw((raw): Parsed<string | null> => {
    const word = wordText(raw) ?? '';
    if (word === 'none') return accept(none);
    return matching.test(word) ? accept(word) : mustBe(form, raw);
  })
    .default(none)
    .meta({ ...text, kind: 'text', accepts: form, placeholder: 'TEXT' });
}

/** A file, as it was written: relative to where the server was started. Null: none. */
export function filePath(text: KeyText) {
  const accepts = 'the path of a file, or none';
  const none: string | null = null;
  return fromRaw((raw): Parsed<string | null> => {
    const path = wordText(raw) ?? '';
    // Somebody who takes the contents for the path has a key in his hands.
    if (path.includes('-----BEGIN') || path.startsWith('{')) return refuse(`must be ${accepts}, not what is in it`);
    if (path === '' || /\p{Cc}/u.test(path)) return mustBe(accepts, raw);
    return accept(path === 'none' ? none : path);
  })
    .default(none)
    .meta({ ...text, kind: 'text', accepts, placeholder: 'FILE' });
}

/** Where an issuer publishes its keys. Over plain HTTP anybody on the way could publish his own. Null: nowhere. */
export function keySetUrl(text: KeyText) {
  const accepts = 'an https address (http only to this machine), or none';
  const none: string | null = null;
  return fromRaw((raw): Parsed<string | null> => {
    const word = wordText(raw) ?? '';
    if (word === 'none') return accept(none);
    const url = URL.canParse(word) ? new URL(word) : undefined;
    if (url === undefined || url.hash !== '') return mustBe(accepts, raw);
    if (url.username !== '' || url.password !== '') return refuse('must not hold a user or a password');
    const isLocal = url.protocol === 'http:' && isLoopback(url.hostname.replace(/^\[(.*)\]$/, '$1'));
    return url.protocol === 'https:' || isLocal ? accept(url.href) : mustBe(accepts, raw);
  })
    .default(none)
    .meta({ ...text, kind: 'key-set', accepts, placeholder: 'URL' });
}

/** Words without spaces or commas. `unit` is the plural noun of what they are. */
export function wordList(unit: string, text: KeyText) {
  const accepts = `a list of ${unit}, with commas between them`;
  return listOf(accepts, (item): item is string => /^[^\s,\p{Cc}]{1,512}$/u.test(item)).meta({
    ...text,
    kind: 'list',
    accepts,
    placeholder: 'TEXT,...',
  });
}

export function algorithmList(text: KeyText) {
  const accepts = `a list of ${tokenAlgorithms.join(', ')}`;
  return listOf(accepts, (item): item is TokenAlgorithm => (tokenAlgorithms as readonly string[]).includes(item)).meta({
    ...text,
    kind: 'algorithms',
    accepts,
    placeholder: 'NAME,...',
  });
}

function listOf<T extends string>(accepts: string, isItem: (item: string) => item is T) {
  const none: readonly T[] = [];
  return fromRaw((raw): Parsed<readonly T[]> => {
    const items: readonly unknown[] = Array.isArray(raw) ? raw : (wordText(raw)?.split(',') ?? [raw]);
    const words = items.map((item) => wordText(item));
    if (words.length === 1 && words[0] === '') return accept(none);
    const wrong = words.findIndex((word) => word === undefined || !isItem(word));
    if (wrong >= 0) return refuse(`must be ${accepts}: ${showValue(items[wrong])} is none of them`);
    return accept([...new Set(words as T[])]);
  }).default(none);
}
