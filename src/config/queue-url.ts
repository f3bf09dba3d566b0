import { parseHost } from './host.ts';
import { accept, refuse, type Parsed } from './parsed.ts';
import { HIDDEN, showName } from './redact.ts';

export const DEFAULT_REDIS_PORT = 6379;

/** Where the Redis of a queue is. `password` is the real one: print a queue with `describeQueue` only. */
export interface RedisQueueUrl {
  readonly kind: 'redis' | 'bullmq';
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  readonly tls: boolean;
}

/** What `--queue` says. */
export type QueueUrl = { readonly kind: 'list' } | RedisQueueUrl;

/** What `--queue` takes, as error lines and docs say it. */
export const QUEUE_FORM = 'list, redis/HOST:PORT or bullmq/HOST:PORT';

const REDIS_SCHEMES = new Map<string, Pick<RedisQueueUrl, 'kind' | 'tls'>>([
  ['redis', { kind: 'redis', tls: false }],
  ['rediss', { kind: 'redis', tls: true }],
  ['bullmq', { kind: 'bullmq', tls: false }],
  ['bullmqs', { kind: 'bullmq', tls: true }],
]);

/**
 * Reads `list`, or `SCHEME/[USER:PASSWORD@|:PASSWORD@]HOST[:PORT][/DB]` where SCHEME is redis, rediss, bullmq or bullmqs
 * (the s: TLS) and `SCHEME://` may be written for `SCHEME/`. User and password are percent-decoded. No problem that it
 * reports repeats anything but the scheme, so that a password cannot get into a log.
 */
export function parseQueueUrl(text: string): Parsed<QueueUrl> {
  const [, word, separator, rest = ''] = /^([a-z][a-z0-9+.-]*)(:\/\/|\/|$)(.*)$/is.exec(text) ?? [];
  if (word === undefined) return refuse(`must be ${QUEUE_FORM}`);
  const scheme = word.toLowerCase();
  if (scheme === 'list') return separator === '' ? accept({ kind: 'list' }) : refuse('list takes no address');
  if (scheme === 'disque') return refuse('disque is no longer maintained; use --queue=bullmq/HOST:PORT');
  const target = REDIS_SCHEMES.get(scheme);
  if (target === undefined) return refuse(`unknown queue ${showName(word)}; must be ${QUEUE_FORM}`);
  return parseRedis(scheme, target, rest);
}

/** A queue as one writes it, the password hidden: `rediss/user:***@host:6379/0`. */
export function describeQueue(queue: QueueUrl): string {
  if (queue.kind === 'list') return 'list';
  const user = queue.username === undefined ? '' : encodeURIComponent(queue.username);
  const credentials = queue.password === undefined ? '' : `${user}:${HIDDEN}@`;
  const host = queue.host.includes(':') ? `[${queue.host}]` : queue.host;
  return `${queue.kind}${queue.tls ? 's' : ''}/${credentials}${host}:${queue.port}/${queue.db}`;
}

function parseRedis(scheme: string, target: Pick<RedisQueueUrl, 'kind' | 'tls'>, rest: string): Parsed<RedisQueueUrl> {
  // The last @, so that a password with @ or / in it works as it stands.
  const at = rest.lastIndexOf('@');
  const credentials = parseCredentials(at < 0 ? undefined : rest.slice(0, at));
  if (!credentials.ok) return credentials;

  const address = /^(\[[^\]]*\]|[^:/[\]]*)(?::([^/]*))?(?:\/(.*))?$/s.exec(rest.slice(at + 1));
  const [, hostText = '', portText, dbText = ''] = address ?? [];
  const host = parseHost(hostText);
  if (host === undefined) return refuse(`has no valid host; write ${scheme}/HOST:PORT (an IPv6 address in brackets)`);
  const port = portText === undefined ? DEFAULT_REDIS_PORT : parseWhole(portText, 65_535);
  if (port === undefined || port === 0) return refuse('has a port that is not a whole number from 1 to 65535');
  const db = dbText === '' ? 0 : parseWhole(dbText, 2 ** 31 - 1);
  if (db === undefined) return refuse('has a database that is not a whole number; write /0 after the port');
  return accept({ ...target, host, port, ...credentials.value, db });
}

function parseCredentials(text: string | undefined): Parsed<Pick<RedisQueueUrl, 'username' | 'password'>> {
  if (text === undefined) return accept({});
  const colon = text.indexOf(':');
  if (colon < 0) return refuse('has a name but no password before the @; write :PASSWORD@ or USER:PASSWORD@');
  const username = percentDecoded(text.slice(0, colon));
  const password = percentDecoded(text.slice(colon + 1));
  if (username === undefined || password === undefined) {
    return refuse('has a % in its user or password that is not followed by two hex digits; write % as %25');
  }
  // What an unset variable in a template leaves behind; to connect without a password then is not what was meant.
  if (password === '') return refuse('has an empty password');
  return accept(username === '' ? { password } : { username, password });
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function parseWhole(text: string, max: number): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= max ? Number(text) : undefined;
}
