import { z } from 'zod';
import { parseHost } from './host.ts';
import { KEYS_FORM, type NamedKey } from './key-list.ts';
import { ORIGIN_FORM, parseOrigins } from './origins.ts';
import { accept, refuse, type Parsed } from './parsed.ts';
import { parseProxies, PROXY_FORM } from './proxies.ts';
import { parseQueueUrl, QUEUE_FORM, type QueueUrl } from './queue-url.ts';
import { HIDDEN, showValue } from './redact.ts';
import { formatBytes, formatDurationMs, parseBytes, parseDurationMs } from './units.ts';

/** The headings of --help and docs/config.md, in their order. */
export const groups = ['Listening', 'TLS', 'Queue', 'Posting', 'Access', 'Connections', 'Journal', 'Process'] as const;

/** What each key must say of itself. */
export interface KeyText {
  /** One or two sentences for an operator: what it does, and when to change it. */
  readonly description: string;
  readonly group: (typeof groups)[number];
  /** The name on flags, in the environment and in the file, where it is not the key in kebab case without its unit. */
  readonly flag?: string;
  /** Further spellings of the flag. */
  readonly aliases?: readonly string[];
}

interface Range<T> {
  readonly min: number;
  readonly max: number;
  readonly default: T;
}

const TRUE = ['true', 'yes', 'on', '1'];
const FALSE = ['false', 'no', 'off', '0'];

/** `unit` is the plural noun that is counted. */
export function count(unit: string, range: Range<number>, text: KeyText) {
  const accepts = `a whole number of ${unit} from ${range.min} to ${range.max}`;
  return numeric(accepts, (value) => (/^\d{1,15}$/.test(value) ? Number(value) : undefined), range)
    .default(range.default)
    .meta({ ...text, kind: 'count', unit, accepts, placeholder: 'N' });
}

const MOST_WORKERS = 256;

/** How many processes; `auto`: as many as there are cores. */
export function workerCount(text: KeyText) {
  const accepts = `auto, or a whole number of processes from 1 to ${MOST_WORKERS}`;
  const one: number | 'auto' = 1;
  return fromRaw((raw): Parsed<number | 'auto'> => {
    const word = scalarText(raw)?.toLowerCase() ?? '';
    if (word === 'auto') return accept('auto');
    const count = /^\d{1,3}$/.test(word) ? Number(word) : 0;
    return count >= 1 && count <= MOST_WORKERS ? accept(count) : mustBe(accepts, raw);
  })
    .default(one)
    .meta({ ...text, kind: 'count', unit: 'processes', accepts, placeholder: 'N' });
}

/** A TCP port; 0 asks the system for any free one. */
export function portNumber(defaultPort: number, text: KeyText) {
  const accepts = 'a whole number from 0 to 65535 (0: any free port)';
  const range = { min: 0, max: 65_535, default: defaultPort };
  return numeric(accepts, (value) => (/^\d{1,5}$/.test(value) ? Number(value) : undefined), range)
    .default(defaultPort)
    .meta({ ...text, kind: 'port', unit: 'port', accepts, placeholder: 'PORT' });
}

export function bytes(range: Range<number>, text: KeyText) {
  const accepts = `a size from ${formatBytes(range.min)} to ${formatBytes(range.max)} (written as 65536, 64kb or 1MiB)`;
  return numeric(accepts, parseBytes, range)
    .default(range.default)
    .meta({ ...text, kind: 'bytes', unit: 'bytes', accepts, placeholder: 'SIZE' });
}

/** A size, or `auto`: what the description says. 0 turns it off. */
export function bytesOrAuto(range: Omit<Range<number>, 'default'>, text: KeyText) {
  const accepts = `auto, 0 (no limit) or a size from ${formatBytes(range.min)} to ${formatBytes(range.max)}`;
  const usual: number | 'auto' = 'auto';
  return fromRaw((raw): Parsed<number | 'auto'> => {
    const word = scalarText(raw) ?? '';
    if (word.toLowerCase() === 'auto') return accept(usual);
    const value = parseBytes(word);
    const isInRange = value === 0 || (value !== undefined && value >= range.min && value <= range.max);
    return isInRange ? accept(value) : mustBe(accepts, raw);
  })
    .default(usual)
    .meta({ ...text, kind: 'memory', unit: 'bytes', accepts, placeholder: 'SIZE' });
}

export function durationMs(range: Range<number>, text: KeyText) {
  const limits = `from ${formatDurationMs(range.min)} to ${formatDurationMs(range.max)}`;
  const accepts = `a time ${limits} with its unit (500ms, 20s, 2m, 1h)`;
  return numeric(accepts, parseDurationMs, range)
    .default(range.default)
    .meta({ ...text, kind: 'duration', unit: 'ms', accepts, placeholder: 'TIME' });
}

export function truth(defaultValue: boolean, text: KeyText) {
  const accepts = 'true or false';
  return fromRaw((raw): Parsed<boolean> => {
    const word = scalarText(raw)?.toLowerCase() ?? '';
    if (TRUE.includes(word)) return accept(true);
    return FALSE.includes(word) ? accept(false) : mustBe(accepts, raw);
  })
    .default(defaultValue)
    .meta({ ...text, kind: 'boolean', accepts, placeholder: 'true|false' });
}

export function choice<const T extends string>(choices: readonly T[], defaultValue: NoInfer<T>, text: KeyText) {
  const accepts = `one of ${choices.join(', ')}`;
  // The type of .default() cannot be worked out for a T that is still open; T is never undefined.
  const schema: z.ZodType<T> = fromRaw((raw): Parsed<T> => {
    const found = choices.find((candidate) => candidate === wordText(raw)?.toLowerCase());
    return found === undefined ? mustBe(accepts, raw) : accept(found);
  });
  return z
    .unknown()
    .default(defaultValue)
    .pipe(schema)
    .meta({ ...text, kind: 'choice', accepts, placeholder: 'NAME' });
}

/** Text that must match `pattern` as a whole; `form` says in words what matches. */
export function pattern(form: string, matching: RegExp, defaultValue: string, text: KeyText) {
  return fromRaw((raw): Parsed<string> => {
    const word = wordText(raw);
    return word !== undefined && matching.test(word) ? accept(word) : mustBe(form, raw);
  })
    .default(defaultValue)
    .meta({ ...text, kind: 'text', accepts: form, placeholder: 'TEXT' });
}

/** A key or a password: printed nowhere, in no error line either. Null: none. */
export function secret(
  { minBytes, maxBytes }: { readonly minBytes: number; readonly maxBytes: number },
  text: KeyText,
) {
  const accepts = `text of ${minBytes} to ${maxBytes} bytes without spaces, or none`;
  const none: string | null = null;
  return fromRaw((raw): Parsed<string | null> => {
    const word = wordText(raw) ?? '';
    if (word === 'none') return accept(none);
    if (word === HIDDEN) return refuse(`is ${HIDDEN}, which \`tidings config\` prints in its place`);
    const size = Buffer.byteLength(word);
    if (size < minBytes || size > maxBytes || /[\s\p{Cc}]/u.test(word)) return refuse(`must be ${accepts}`);
    return accept(word);
  })
    .default(none)
    .meta({ ...text, kind: 'secret', accepts, placeholder: 'SECRET' });
}

export function host(defaultHost: string, text: KeyText) {
  const accepts = 'an IP address or a host name, without a port';
  return fromRaw((raw): Parsed<string> => {
    const found = parseHost(wordText(raw) ?? '');
    return found === undefined ? mustBe(accepts, raw) : accept(found);
  })
    .default(defaultHost)
    .meta({ ...text, kind: 'text', accepts, placeholder: 'HOST' });
}

/** A directory, as it was written: relative to where the server was started. Null: none. */
export function directory(text: KeyText) {
  const accepts = 'the path of a directory, or none';
  const none: string | null = null;
  return fromRaw((raw): Parsed<string | null> => {
    // An empty one is what an unset variable leaves behind: to keep nothing then is not what was meant.
    const path = wordText(raw) ?? '';
    if (path === '' || /\p{Cc}/u.test(path)) return mustBe(accepts, raw);
    return accept(path === 'none' ? null : path);
  })
    .default(none)
    .meta({ ...text, kind: 'text', accepts, placeholder: 'DIR' });
}

/** Where the public listener of another instance is, without a slash at the end. Null: there is none. */
export function instanceUrl(text: KeyText) {
  const accepts = 'the address of an instance (http://primary:3210), or none';
  const none: string | null = null;
  return fromRaw((raw): Parsed<string | null> => {
    const word = wordText(raw) ?? '';
    if (word === 'none') return accept(none);
    const url = URL.canParse(word) ? new URL(word) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) return mustBe(accepts, raw);
    if (url.username !== '' || url.password !== '')
      return refuse('must not hold a user or a password: /readyz asks for none');
    if (url.search !== '' || url.hash !== '') return mustBe(accepts, raw);
    return accept(url.href.replace(/\/+$/, ''));
  })
    .default(none)
    .meta({ ...text, kind: 'url', accepts, placeholder: 'URL' });
}

export function originList(text: KeyText) {
  const none: readonly string[] = [];
  return fromRaw(parseOrigins)
    .default(none)
    .meta({
      ...text,
      kind: 'list',
      accepts: `a list of items that are each ${ORIGIN_FORM}`,
      placeholder: 'ORIGIN,...',
    });
}

/** Keys, each with what it may, as `parse` reads them. */
export function keyList<T extends NamedKey>(parse: (raw: unknown) => Parsed<readonly T[]>, text: KeyText) {
  const none: readonly T[] = [];
  return fromRaw(parse)
    .default(none)
    .meta({ ...text, kind: 'keys', accepts: KEYS_FORM, placeholder: 'JSON' });
}

/** Addresses and networks of proxies that are believed. */
export function proxyList(text: KeyText) {
  const none: readonly string[] = [];
  return fromRaw(parseProxies)
    .default(none)
    .meta({
      ...text,
      kind: 'proxies',
      accepts: `a list of items that are each ${PROXY_FORM}`,
      placeholder: 'PROXY,...',
    });
}

export function queueUrl(text: KeyText) {
  const list: QueueUrl = { kind: 'list' };
  return fromRaw((raw): Parsed<QueueUrl> => {
    const word = wordText(raw);
    return word === undefined ? refuse(`must be ${QUEUE_FORM}`) : parseQueueUrl(word);
  })
    .default(list)
    .meta({ ...text, kind: 'queue', accepts: QUEUE_FORM, placeholder: 'QUEUE' });
}

/** A schema for what a source holds (text from flags and environment, any YAML value from a file), read by `parse`. */
export function fromRaw<T>(parse: (raw: unknown) => Parsed<T>) {
  return z.unknown().transform((raw, context): T => {
    const parsed = parse(raw);
    if (parsed.ok) return parsed.value;
    context.addIssue({ code: 'custom', message: parsed.problem, input: raw });
    return z.NEVER;
  });
}

function numeric(accepts: string, parse: (text: string) => number | undefined, range: Range<number>) {
  return fromRaw((raw): Parsed<number> => {
    const value = parse(scalarText(raw) ?? '');
    if (value === undefined || value < range.min || value > range.max) return mustBe(accepts, raw);
    return accept(value);
  });
}

export function mustBe(accepts: string, raw: unknown) {
  return refuse(`must be ${accepts}, not ${showValue(raw)}`);
}

/** A YAML number or truth value stands for its own spelling. */
function scalarText(raw: unknown): string | undefined {
  return typeof raw === 'number' || typeof raw === 'boolean' ? String(raw) : wordText(raw);
}

export function wordText(raw: unknown): string | undefined {
  return typeof raw === 'string' ? raw.trim() : undefined;
}
