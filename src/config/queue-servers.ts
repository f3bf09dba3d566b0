import { parseHost } from './host.ts';
import { accept, refuse, type Parsed } from './parsed.ts';

export interface RedisServer {
  readonly host: string;
  readonly port: number;
}

/** What stands after the `@` of a queue whose Redis is found by asking several servers. */
export interface SentinelPlace {
  readonly via: 'sentinel';
  /** The sentinels. */
  readonly servers: readonly RedisServer[];
  readonly master: string;
  readonly db: number;
  /** How one logs in at the sentinels, where that is asked for. */
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
}

export interface ClusterPlace {
  readonly via: 'cluster';
  /** Some nodes, or all. */
  readonly servers: readonly RedisServer[];
  readonly db: 0;
}

export const DEFAULT_SENTINEL_PORT = 26_379;

/** Reads `HOST[:PORT]`, an IPv6 address in brackets. `form` is how the whole queue is to be written. */
export function parseServer(text: string, defaultPort: number, form: string): Parsed<RedisServer> {
  const [, hostText = '', portText] = /^(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/s.exec(text) ?? [];
  const host = parseHost(hostText);
  if (host === undefined) return refuse(`has no valid host; write ${form} (an IPv6 address in brackets)`);
  const port = portText === undefined ? defaultPort : parseWhole(portText, 65_535);
  if (port === undefined || port === 0) return refuse('has a port that is not a whole number from 1 to 65535');
  return accept({ host, port });
}

/** Reads `HOST[:PORT],HOST[:PORT]/MASTER[/DB][?sentinel-user=USER&sentinel-password=PASSWORD]`. */
export function parseSentinel(scheme: string, text: string): Parsed<SentinelPlace> {
  const form = `${scheme}/HOST:PORT,HOST:PORT/MASTER`;
  const [place = '', ...queries] = text.split('?');
  const [serversText = '', master = '', dbText = '', ...more] = place.split('/');
  const servers = parseServers(serversText, DEFAULT_SENTINEL_PORT, form);
  if (!servers.ok) return servers;
  if (!/^[A-Za-z0-9._-]+$/.test(master)) return refuse(`has no valid name of a master; write ${form}`);
  const db = more.length > 0 ? undefined : parseDb(dbText);
  if (db === undefined) return refuse('has a database that is not a whole number; write /0 after the master');
  const login = parseSentinelLogin(queries);
  if (!login.ok) return login;
  return accept({ via: 'sentinel', servers: servers.value, master, db, ...login.value });
}

/** Reads `HOST[:PORT],HOST[:PORT]`. */
export function parseCluster(scheme: string, text: string, defaultPort: number): Parsed<ClusterPlace> {
  const form = `${scheme}/HOST:PORT,HOST:PORT`;
  const [serversText = '', dbText = '', ...more] = text.split('/');
  if ((dbText !== '' && dbText !== '0') || more.length > 0) {
    return refuse('has a database, and Redis Cluster has only one: leave it out');
  }
  const servers = parseServers(serversText, defaultPort, form);
  return servers.ok ? accept({ via: 'cluster', servers: servers.value, db: 0 }) : servers;
}

/** 0 when there is none; undefined when it is not a whole number. */
export function parseDb(text: string): number | undefined {
  return text === '' ? 0 : parseWhole(text, 2 ** 31 - 1);
}

export function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function parseServers(text: string, defaultPort: number, form: string): Parsed<readonly RedisServer[]> {
  const servers: RedisServer[] = [];
  for (const one of text.split(',')) {
    const server = parseServer(one, defaultPort, form);
    if (!server.ok) return server;
    servers.push(server.value);
  }
  return accept(servers);
}

function parseSentinelLogin(
  queries: readonly string[],
): Parsed<Pick<SentinelPlace, 'sentinelUsername' | 'sentinelPassword'>> {
  const login: { sentinelUsername?: string; sentinelPassword?: string } = {};
  for (const pair of queries.join('?').split('&')) {
    if (pair === '' && queries.length === 0) continue;
    const [, name, text = ''] = /^(sentinel-user|sentinel-password)=(.+)$/s.exec(pair) ?? [];
    const value = percentDecoded(text);
    if (name === undefined || value === undefined) {
      return refuse('takes only ?sentinel-password=PASSWORD and sentinel-user=USER after the master, with % as %25');
    }
    if (name === 'sentinel-user') login.sentinelUsername = value;
    else login.sentinelPassword = value;
  }
  if (login.sentinelUsername !== undefined && login.sentinelPassword === undefined) {
    return refuse('has a sentinel-user without a sentinel-password');
  }
  return accept(login);
}

function parseWhole(text: string, max: number): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= max ? Number(text) : undefined;
}
