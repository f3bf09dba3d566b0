import { Redis } from 'ioredis';
import { addressText, askServer, reasonOf, type AskOptions } from './redis-ask.ts';
import { NotFoundError, type RedisAddress, type RedisSearch } from './redis-finder.ts';

export interface SentinelOptions {
  readonly servers: readonly RedisAddress[];
  /** The name under which the sentinels know the master. */
  readonly master: string;
  /** How one logs in at the sentinels, and at the master. */
  readonly sentinelLogin: AskOptions;
  readonly masterLogin: AskOptions;
}

/** What a sentinel says: of two who differ, the one with the higher epoch knows better. */
interface Word extends RedisAddress {
  readonly epoch: number;
}

const switched = '+switch-master';

/** The waits before a sentinel that went away is listened to again. */
const firstRetryMs = 500;
const maxRetryMs = 5000;

/**
 * Asks the sentinels where the master is, and listens to all of them for a fail-over: an old master goes on taking writes for some seconds
 * after another one was promoted, and those are lost.
 */
export function createSentinelSearch({ servers, master, sentinelLogin, masterLogin }: SentinelOptions): RedisSearch {
  /** The last one that was a master: sentinels that have not heard of it yet do not send anybody back. */
  let known: Word | undefined;
  let lastHeard: RedisAddress | undefined;

  function askSentinel(server: RedisAddress): Promise<Word> {
    return askServer(server, sentinelLogin, async (redis) => {
      const [address, state] = await Promise.all([
        redis.call('sentinel', 'get-master-addr-by-name', master),
        redis.call('sentinel', 'master', master),
      ]);
      if (!Array.isArray(address) || !Array.isArray(state)) throw new Error('an answer that is no list');
      const epoch = Number(state[state.indexOf('config-epoch') + 1]);
      return { host: String(address[0]), port: Number(address[1]), epoch };
    });
  }

  /** The newest that most of them, and the one who was heard last, say; or that any says, when most do not answer. */
  async function newestWord(): Promise<Word> {
    const asked = servers.map(askSentinel);
    const heard = asked[servers.findIndex((server) => server === lastHeard)];
    const [most, ofHeard] = await Promise.all([mostOf(asked), heard?.catch(() => (lastHeard = undefined))]);
    const words = [...most, ofHeard, known].filter((word) => word !== undefined);
    if (words.length === 0) {
      const [first] = await Promise.allSettled(asked);
      const reason = first?.status === 'rejected' ? reasonOf(first.reason) : '';
      const names = servers.map(addressText).join(', ');
      throw new NotFoundError(`No sentinel of ${names} knows ${name} (${reason}).`);
    }
    return words.reduce((best, word) => (word.epoch > best.epoch ? word : best));
  }

  async function look() {
    const word = await newestWord();
    try {
      const role = await askServer(word, masterLogin, roleOf);
      if (role !== 'master') throw new Error(`it is a ${role}`);
    } catch (error) {
      known = undefined;
      throw new NotFoundError(`${name} at ${addressText(word)} does not answer (${reasonOf(error)}).`);
    }
    known = word;
    return { host: word.host, port: word.port, id: addressText(word) };
  }

  const name = `Redis master ${master}`;
  return {
    name,
    look,
    watch(onHint) {
      const listeners = servers.map((server) =>
        listenTo(server, sentinelLogin, (text) => {
          if (text !== undefined && !text.startsWith(`${master} `)) return;
          lastHeard = server;
          onHint();
        }),
      );
      return () => listeners.forEach((listener) => listener.disconnect());
    },
  };
}

/** Tells each fail-over; undefined when it begins to listen, since one may have passed before. */
function listenTo({ host, port }: RedisAddress, login: AskOptions, told: (text: string | undefined) => void): Redis {
  const { username, password, tls, deadlineMs } = login;
  const redis = new Redis({
    host,
    port,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    connectTimeout: deadlineMs,
    enableReadyCheck: false,
    autoResubscribe: false,
    retryStrategy: (times) => Math.min(firstRetryMs * times, maxRetryMs),
  });
  // A sentinel that is away is no news while another one answers: `look` says so when none does.
  redis.on('error', () => {});
  redis.on('ready', () => {
    redis.subscribe(switched).then(
      () => told(undefined),
      () => {},
    );
  });
  redis.on('message', (_channel: string, text: string) => told(text));
  return redis;
}

/** A user who may not ask takes the sentinels' word for it. */
async function roleOf(redis: Redis): Promise<string> {
  try {
    const role: unknown = await redis.call('role');
    return Array.isArray(role) ? String(role[0]) : 'server that tells no role';
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('NOPERM')) return 'master';
    throw error;
  }
}

/** What more than half of them gave, as soon as they have; or what some gave, when all have settled. */
function mostOf<T>(asked: readonly Promise<T>[]): Promise<readonly T[]> {
  const given: T[] = [];
  let settled = 0;
  return new Promise((resolve) => {
    const note = (): void => {
      settled += 1;
      if (2 * given.length > asked.length || settled === asked.length) resolve([...given]);
    };
    for (const one of asked) {
      one.then(
        (value) => {
          given.push(value);
          note();
        },
        () => note(),
      );
    }
  });
}
