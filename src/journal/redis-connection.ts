import { Redis, type RedisOptions } from 'ioredis';
import { addressText } from './redis-ask.ts';
import { NotFoundError, type RedisAddress, type RedisFinder } from './redis-finder.ts';
import { connectorTo } from './redis-found-connector.ts';

/** How one logs in at a Redis. `password` is the real one: it goes to Redis and nowhere else. */
export interface RedisLogin {
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  readonly tls: boolean;
}

/** A Redis that is always at the same place, or one of several that is found anew for each connection. */
export type OneRedis = RedisLogin & RedisAddress & { readonly finder?: undefined };
export type FoundRedis = RedisLogin & { readonly finder: RedisFinder };
export type RedisSettings = OneRedis | FoundRedis;

/** What an operator calls this Redis, as a sentence begins: `Redis at 10.0.0.1:6379`. */
export function nameOf(settings: RedisSettings): string {
  if (settings.finder === undefined) return `Redis at ${addressText(settings)}`;
  const { name, current } = settings.finder;
  const found = current();
  return found === undefined ? name : `${name} at ${addressText(found)}`;
}

/** Where it is, for a log. */
export function addressOf(settings: RedisSettings): string {
  const at = settings.finder === undefined ? settings : settings.finder.current();
  return at === undefined ? 'unknown' : addressText(at);
}

/** What a log must do; pino's does. */
export interface RedisLog {
  info(fields: object): void;
  warn(fields: object): void;
}

/** Redis did not take or not answer a command. The message is a sentence for an operator: no payload, no secret. */
export class RedisError extends Error {
  override readonly name = 'RedisError';
  /** The first line of what Redis replied, when it refused. Undefined: it did not answer, or was not asked. */
  readonly reply: string | undefined;

  constructor(message: string, reply?: string) {
    super(message);
    this.reply = reply;
  }
}

export interface RedisConnectionDeps {
  /** Called each time the connection can be used from now on. */
  readonly onReady: () => void;
  /** Called each time the connection was lost. */
  readonly onLost: () => void;
  /** Called whenever `trouble()` may give another answer. */
  readonly onChange: () => void;
}

export interface RedisConnectionOptions {
  readonly settings: RedisSettings;
  /** The longest that any command waits for its reply, in milliseconds. A connection that fails this is given up for a new one. */
  readonly deadlineMs: number;
}

export interface RedisConnection {
  readonly redis: Redis;
  /** Begins to connect. */
  open(): void;
  isReady(): boolean;
  /** A sentence that says what is wrong, when something is known to be: refused, lost, silent. */
  trouble(): string | undefined;
  /** Runs one command. Rejects with a RedisError: at once when not connected, else within the deadline. */
  run<T>(command: (redis: Redis) => Promise<T>): Promise<T>;
  /** Waits for no reply. Resolves when the socket is closed. */
  close(): Promise<void>;
}

/** The first wait before a reconnect, and the longest. Half of it is chance, so that instances do not come back in step. */
const firstRetryMs = 50;
const maxRetryMs = 1500;

/** How long a connection that was given up may take to close before it is cut. */
const disconnectMs = 100;

/** What every connection to Redis shares; ioredis' own defaults for these would wait for ever, or give up. */
export function redisOptions({ settings, deadlineMs }: RedisConnectionOptions) {
  const { username, password, db, tls } = settings;
  return {
    ...placeOptions(settings),
    db,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    connectTimeout: deadlineMs,
    disconnectTimeout: disconnectMs,
    retryStrategy: retryAfterMs,
  } satisfies RedisOptions;
}

function placeOptions(settings: RedisSettings) {
  if (settings.finder === undefined) return { host: settings.host, port: settings.port };
  const { finder, tls } = settings;
  return {
    Connector: connectorTo(finder, { tls, disconnectMs }),
    // A server that was the right one: the next connection asks where that is now.
    reconnectOnError: (error: Error) => misplaced.test(error.message),
  };
}

/** What a server says that takes no writes of ours any more. Older ones say it from within a script. */
const misplaced = /\b(READONLY You can't write|MOVED \d+ |CLUSTERDOWN )/;

function retryAfterMs(times: number): number {
  const longest = Math.min(firstRetryMs * 2 ** (times - 1), maxRetryMs);
  return Math.ceil(longest * (0.5 + Math.random() / 2));
}

/**
 * A connection that comes back by itself, for ever, and says why it is not there. Nothing is sent twice and nothing waits for
 * a reconnect: what was on its way when the connection broke rejects, and what comes while there is none rejects at once.
 */
export function createRedisConnection(
  { onReady, onLost, onChange }: RedisConnectionDeps,
  options: RedisConnectionOptions,
): RedisConnection {
  const { settings, deadlineMs } = options;
  const redis = new Redis({
    ...redisOptions(options),
    commandTimeout: deadlineMs,
    lazyConnect: true,
    enableOfflineQueue: false,
    // Rejects what is on its way as soon as the connection breaks, instead of sending it again on the next one.
    maxRetriesPerRequest: 0,
    // ioredis leaves the rejection of its own resubscribing unhandled.
    autoResubscribe: false,
    // Redis says LOADING to a command, which is a better answer than none.
    enableReadyCheck: false,
  });
  let broken: string | undefined;
  let refused: string | undefined;
  let isGivenUp = false;

  redis.on('error', (error: unknown) => {
    broken = describe(error);
    onChange();
  });
  redis.on('ready', () => {
    broken = undefined;
    refused = undefined;
    isGivenUp = false;
    onReady();
    onChange();
  });
  redis.on('close', () => {
    broken ??= `${nameOf(settings)} has closed the connection.`;
    onLost();
    onChange();
  });

  function describe(error: unknown): string {
    if (error instanceof NotFoundError) return error.message;
    const name = nameOf(settings);
    if (isReply(error)) return `${name} refuses: ${firstLine(error.message)}`;
    if (isTimeout(error)) return `${name} does not answer (no reply within ${deadlineMs} ms).`;
    return `${name} does not answer (${codeOf(error)}).`;
  }

  function note(error: unknown): string {
    const sentence = describe(error);
    if (isReply(error)) {
      refused = sentence;
    } else if (isTimeout(error)) {
      broken = sentence;
      // Once for all commands that it owes an answer: ioredis adds a listener and a timer to the socket each time.
      if (!isGivenUp) redis.disconnect(true);
      isGivenUp = true;
    }
    onChange();
    return broken ?? sentence;
  }

  const isReady = (): boolean => redis.status === 'ready' && broken === undefined;

  return {
    redis,
    open() {
      // Every failure is also an `error` event.
      redis.connect().catch(() => {});
    },
    isReady,
    trouble: () => broken ?? refused,
    async run(command) {
      if (!isReady()) throw new RedisError(broken ?? `${nameOf(settings)} is not connected yet.`);
      try {
        const reply = await command(redis);
        if (refused !== undefined) {
          refused = undefined;
          onChange();
        }
        return reply;
      } catch (error) {
        throw new RedisError(note(error), isReply(error) ? firstLine(error.message) : undefined);
      }
    },
    close() {
      return new Promise((resolve) => {
        if (redis.status === 'end' || redis.status === 'reconnecting') {
          redis.disconnect();
          resolve();
          return;
        }
        redis.once('end', resolve);
        redis.disconnect();
      });
    },
  };
}

function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** ioredis has no class and no code for a command that passed `commandTimeout`. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'Command timed out';
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : firstLine(error.message);
}

/** Enough to say what is wrong. An unknown command is repeated with its arguments, of which one may be a password. */
function firstLine(text: string): string {
  return (text.split(/[\r\n]|, with args/)[0] ?? '').slice(0, 200);
}
