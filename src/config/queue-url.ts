import { accept, refuse, type Parsed } from './parsed.ts';
import {
  parseCluster,
  parseDb,
  parseSentinel,
  parseServer,
  percentDecoded,
  type ClusterPlace,
  type RedisServer,
  type SentinelPlace,
} from './queue-servers.ts';
import { HIDDEN, showName } from './redact.ts';

export const DEFAULT_REDIS_PORT = 6379;

/** Which queue, and how one logs in at its Redis. `password` is the real one: print a queue with `describeQueue` only. */
interface RedisLogin {
  readonly kind: 'redis' | 'bullmq';
  readonly username?: string;
  readonly password?: string;
  readonly tls: boolean;
}

/** A Redis that is always at the same place. */
export interface OneRedisUrl extends RedisLogin, RedisServer {
  readonly via?: undefined;
  readonly db: number;
}

export type SentinelUrl = RedisLogin & SentinelPlace;
export type ClusterUrl = RedisLogin & ClusterPlace;

export type RedisQueueUrl = OneRedisUrl | SentinelUrl | ClusterUrl;

/** What `--queue` says. */
export type QueueUrl = { readonly kind: 'list' } | RedisQueueUrl;

/** What `--queue` takes, as error lines and docs say it. */
export const QUEUE_FORM = 'list, redis/HOST:PORT or bullmq/HOST:PORT';

/** rediss-sentinel: the queue, an s for TLS, and how its Redis is found. */
const SCHEME = /^(redis|bullmq)(s?)(?:-(sentinel|cluster))?$/;

/**
 * Reads `list`, or `SCHEME/[USER:PASSWORD@|:PASSWORD@]PLACE` where SCHEME is redis, rediss, bullmq or bullmqs (the s: TLS) with PLACE
 * `HOST[:PORT][/DB]`, or one of these with -sentinel or -cluster and PLACE `HOST[:PORT],HOST[:PORT]/MASTER[/DB]` or
 * `HOST[:PORT],HOST[:PORT]`. `SCHEME://` may be written for `SCHEME/`. User and password are percent-decoded. No problem that it
 * reports repeats anything but the scheme, so that a password cannot get into a log.
 */
export function parseQueueUrl(text: string): Parsed<QueueUrl> {
  const [, word, separator, rest = ''] = /^([a-z][a-z0-9+.-]*)(:\/\/|\/|$)(.*)$/is.exec(text) ?? [];
  if (word === undefined) return refuse(`must be ${QUEUE_FORM}`);
  const scheme = word.toLowerCase();
  if (scheme === 'list') return separator === '' ? accept({ kind: 'list' }) : refuse('list takes no address');
  if (scheme === 'disque') return refuse('disque is no longer maintained; use --queue=bullmq/HOST:PORT');
  const [, queue, secure, via] = SCHEME.exec(scheme) ?? [];
  if (queue === undefined) return refuse(`unknown queue ${showName(word)}; must be ${QUEUE_FORM}`);
  // The last @, so that a password with @ or / in it works as it stands.
  const at = rest.lastIndexOf('@');
  const credentials = parseCredentials(at < 0 ? undefined : rest.slice(0, at));
  if (!credentials.ok) return credentials;
  const place = parsePlace(scheme, via, rest.slice(at + 1));
  if (!place.ok) return place;
  return accept({
    kind: queue === 'bullmq' ? 'bullmq' : 'redis',
    tls: secure === 's',
    ...credentials.value,
    ...place.value,
  });
}

/** A queue as one writes it, the passwords hidden: `rediss/user:***@host:6379/0`. */
export function describeQueue(queue: QueueUrl): string {
  if (queue.kind === 'list') return 'list';
  const scheme = `${queue.kind}${queue.tls ? 's' : ''}`;
  const user = queue.username === undefined ? '' : encodeURIComponent(queue.username);
  const credentials = queue.password === undefined ? '' : `${user}:${HIDDEN}@`;
  if (queue.via === undefined) return `${scheme}/${credentials}${describeServer(queue)}/${queue.db}`;
  const servers = `${scheme}-${queue.via}/${credentials}${queue.servers.map(describeServer).join(',')}`;
  if (queue.via === 'cluster') return servers;
  const { master, db, sentinelUsername, sentinelPassword } = queue;
  const sentinelUser = sentinelUsername === undefined ? '' : `sentinel-user=${encodeURIComponent(sentinelUsername)}&`;
  const login = sentinelPassword === undefined ? '' : `?${sentinelUser}sentinel-password=${HIDDEN}`;
  return `${servers}/${master}/${db}${login}`;
}

function describeServer({ host, port }: RedisServer): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

type Place = (RedisServer & { readonly db: number }) | SentinelPlace | ClusterPlace;

function parsePlace(scheme: string, via: string | undefined, text: string): Parsed<Place> {
  if (via === 'sentinel') return parseSentinel(scheme, text);
  if (via === 'cluster') return parseCluster(scheme, text, DEFAULT_REDIS_PORT);
  const [, serverText = '', dbText = ''] = /^([^/]*)(?:\/(.*))?$/s.exec(text) ?? [];
  const server = parseServer(serverText, DEFAULT_REDIS_PORT, `${scheme}/HOST:PORT`);
  if (!server.ok) return server;
  const db = parseDb(dbText);
  if (db === undefined) return refuse('has a database that is not a whole number; write /0 after the port');
  return accept({ ...server.value, db });
}

function parseCredentials(text: string | undefined): Parsed<Pick<RedisLogin, 'username' | 'password'>> {
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
