import { setTimeout as delay } from 'node:timers/promises';
import type { Message } from '../message/message.ts';
import { createGroups, DeadlineError } from './group.ts';
import type { Appended, Entry, Follower, Health, Journal, Retention } from './journal.ts';
import { decodeAnnouncement, decodeRecord, encodeRecord } from './record.ts';
import { createRedisConnection, RedisError, type RedisLog, type RedisSettings } from './redis-connection.ts';
import { createFollowing, type LogPage, type LogPosition } from './redis-follow.ts';
import { appendScript, journalKeys } from './redis-scripts.ts';
import { runScript } from './redis-run-script.ts';
import { createSignal } from './signal.ts';

export interface RedisJournalDeps {
  readonly log: RedisLog;
  /** Entries above `after`, up to `since`, were lost to this instance: Redis lost or dropped them before they were read. */
  readonly onGap?: (after: number, since: number) => void;
}

export interface RedisJournalOptions {
  readonly settings: RedisSettings;
  /** First part of every key and of the channel. Deployments that share a Redis differ in it. */
  readonly prefix: string;
  /** The longest that an append waits. */
  readonly deadlineMs: number;
  readonly retention: Retention;
}

/**
 * What an entry costs Redis beside its texts: its place in the stream and in the sorted set of ids. By `used_memory` 180 bytes
 * with texts of 130 bytes, 300 with 1 KB.
 */
const entryOverheadBytes = 250;

/** One script call: large enough to share a round trip among a thousand posts, small enough not to hold Redis up. */
const groupLimits = { maxMessages: 1000, maxBytes: 1024 * 1024 };

/** How many entries of the log are read at once. */
const pageEntries = 100;

/** How often both connections must show that Redis answers. An idle one does not notice by itself that its peer has gone. */
const probeEveryMs = 2000;

/** The wait before the log is asked again after a failure. */
const pauseMs = 250;

/**
 * The journal on Redis 6.2 or newer, for any number of instances. One script numbers, stores and publishes a group of messages
 * as one unit; a second connection listens, and what it misses is read from the log.
 */
export function createRedisJournal(deps: RedisJournalDeps, options: RedisJournalOptions): Journal {
  const { log, onGap } = deps;
  const { settings, prefix, deadlineMs, retention } = options;
  const keys = journalKeys(prefix);
  const address = `${settings.host}:${settings.port}`;
  const stopping = new AbortController();
  let follower: Follower = () => {};
  let isSubscribed = false;
  let wasUp: boolean | undefined;
  let appends = 0;
  let probedAppends = 0;
  let isProbing = false;
  const isKnown = createSignal();

  const commands = createRedisConnection(
    { onReady: () => {}, onLost: () => {}, onChange: noteHealth },
    { settings, deadlineMs },
  );
  const subscriber = createRedisConnection(
    { onReady: () => void subscribe(), onLost: unsubscribed, onChange: noteHealth },
    { settings, deadlineMs },
  );
  const following = createFollowing({
    position,
    page: (after) => readPage(after, pageEntries),
    deliver: (entries) => follower(entries),
    onGap(after, since) {
      log.warn({ event: 'journal.gap', after, since });
      onGap?.(after, since);
    },
    pause: () => delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => {}),
    onChange: noteHealth,
  });
  const groups = createGroups<Appended>(appendGroup, { ...groupLimits, deadlineMs });
  let prober: NodeJS.Timeout | undefined;

  subscriber.redis.on('message', (_channel: string, text: string) => {
    following.announced(decodeAnnouncement(text));
  });

  function runAppend(floor: number, messages: readonly Message[]): Promise<number[]> {
    const { messages: maxMessages, bytes, ageMs } = retention;
    const args: (string | number)[] = [keys.news, floor, maxMessages, bytes, ageMs * 1000, entryOverheadBytes];
    for (const message of messages) {
      const { meta, push } = encodeRecord(message);
      args.push(message.id, meta, push);
    }
    return commands.run((redis) => runScript(redis, appendScript, [keys.state, keys.log, keys.ids], args));
  }

  async function appendGroup(messages: readonly Message[]): Promise<readonly Appended[]> {
    const [first = 0, , , ...duplicates] = await runAppend(following.lastSeen(), messages);
    appends += 1;
    const midOfDuplicate = new Map<number, number>();
    for (let at = 0; at < duplicates.length; at += 2) midOfDuplicate.set(duplicates[at] ?? 0, duplicates[at + 1] ?? 0);
    let next = first;
    return messages.map((_message, index) => {
      const mid = midOfDuplicate.get(index + 1);
      if (mid !== undefined) return { mid, duplicate: true };
      next += 1;
      return { mid: next - 1, duplicate: false };
    });
  }

  async function position(floor: number): Promise<LogPosition> {
    const [, head = 0, since = 0] = await runAppend(floor, []);
    return { head, since };
  }

  async function readPage(after: number, limit: number): Promise<LogPage> {
    const rows = await commands.run((redis) => redis.xrange(keys.log, String(after + 1), '+', 'COUNT', limit));
    const entries: Entry[] = [];
    let last: number | undefined;
    for (const [id, [, meta = '', , push = '']] of rows) {
      last = Number.parseInt(id, 10);
      const message = decodeRecord({ meta, push });
      if (message !== undefined) entries.push({ mid: last, message });
      else log.warn({ event: 'journal.unreadable', mid: last });
    }
    return { entries, last };
  }

  async function subscribe(): Promise<void> {
    while (subscriber.redis.status === 'ready' && !stopping.signal.aborted) {
      try {
        await subscriber.run((redis) => redis.subscribe(keys.news));
        isSubscribed = true;
        await following.subscribed();
        return;
      } catch {
        await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
  }

  function unsubscribed(): void {
    isSubscribed = false;
    following.lost();
  }

  async function probe(): Promise<void> {
    if (isProbing) return;
    isProbing = true;
    const isIdle = probedAppends === appends;
    probedAppends = appends;
    await Promise.allSettled([
      isIdle ? position(following.lastSeen()) : undefined,
      isSubscribed ? subscriber.run((redis) => redis.ping()) : undefined,
    ]);
    isProbing = false;
  }

  function health(): Health {
    const reason = commands.trouble() ?? subscriber.trouble();
    if (reason !== undefined) return { ok: false, reason };
    if (!commands.isReady() || !isSubscribed) return { ok: false, reason: `Connecting to Redis at ${address}.` };
    if (!following.isLive()) return { ok: false, reason: `Reading what was missed from Redis at ${address}.` };
    return { ok: true };
  }

  /** One line for each change, however many attempts it takes. What is still under way is no change. */
  function noteHealth(): void {
    const isUp = health().ok;
    const reason = commands.trouble() ?? subscriber.trouble();
    if (stopping.signal.aborted || isUp === wasUp || (!isUp && reason === undefined)) return;
    wasUp = isUp;
    if (isUp) log.info({ event: 'redis.up', redis: address });
    else log.warn({ event: 'redis.down', redis: address, reason });
    isKnown.resolve();
  }

  return {
    guarantees: { survivesProcess: true, shared: true },
    start(theFollower) {
      follower = theFollower;
      commands.open();
      subscriber.open();
      prober = setInterval(() => void probe(), probeEveryMs);
      return isKnown.promise;
    },
    async append(messages) {
      try {
        return await groups.add(messages);
      } catch (error) {
        if (error instanceof DeadlineError) throw new RedisError(`Redis at ${address} gave ${error.message}.`);
        throw error;
      }
    },
    head: following.lastSeen,
    read: async (after, limit) => (await readPage(after, limit)).entries,
    async completeSince() {
      return (await position(following.lastSeen())).since;
    },
    health,
    async stop() {
      clearInterval(prober);
      await groups.idle();
      stopping.abort();
      following.lost();
      await Promise.all([commands.close(), subscriber.close()]);
    },
  };
}
