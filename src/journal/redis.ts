import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../message/clock.ts';
import type { Message } from '../message/message.ts';
import { createGroups, DeadlineError, type Unit } from './group.ts';
import type { Appended, Entry, Follower, Health, Journal, Retention } from './journal.ts';
import { MailboxLog } from './mailbox-log.ts';
import {
  addressOf,
  createRedisConnection,
  nameOf,
  RedisError,
  type RedisLog,
  type RedisSettings,
} from './redis-connection.ts';
import { warnOfEviction } from './redis-eviction.ts';
import { createFollowing, type LogPosition } from './redis-follow.ts';
import { createLaterWrites } from './redis-later.ts';
import { decodeAnnouncement } from './redis-record.ts';
import { journalKeys } from './redis-scripts.ts';
import { createRedisStore } from './redis-store.ts';
import { createTold } from './redis-untold.ts';
import { createTurns } from './redis-turns.ts';
import { createSignal } from './signal.ts';

export interface RedisJournalDeps {
  readonly log: RedisLog;
  /** By which expiry is judged, and the age of what is kept together with Redis' own. */
  readonly clock: Clock;
  /** Told each message that had expired before it was appended. */
  readonly onExpired: (message: Message) => void;
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

/** One script call: large enough to share a round trip among a thousand posts, small enough not to hold Redis up. */
const groupLimits = { maxMessages: 1000, maxBytes: 1024 * 1024 };

/** How many entries of the log are read at once. */
const pageEntries = 100;

/** How many mids of it, of which each page is then a few KB. */
const pageMids = 1000;

/**
 * How many pages of mailboxes are asked for at a time; who else wants one waits for its turn. It keeps Redis busy, and an append never
 * stands behind thousands of clients that come back at once.
 */
const mailboxReaders = 8;

/** How often both connections must show that Redis answers. An idle one does not notice by itself that its peer has gone. */
const probeEveryMs = 2000;

/** The wait before the log is asked again after a failure. */
const pauseMs = 250;

/**
 * How much of what it was told an instance keeps, in bytes: for connections that fall behind or come back soon, who then cost Redis
 * nothing. Some seconds of the highest load, or an hour of a low one.
 */
const recentBytes = 8 * 1024 * 1024;

/**
 * The journal on Redis 6.2 or newer, for any number of instances. One script numbers, stores and publishes a group of messages
 * as one unit; a second connection listens, and what it misses is read from the log.
 */
export function createRedisJournal(deps: RedisJournalDeps, options: RedisJournalOptions): Journal {
  const { log, clock, onExpired, onGap } = deps;
  const { settings, prefix, deadlineMs, retention } = options;
  const keys = journalKeys(prefix);
  const stopping = new AbortController();
  let follower: Follower = () => {};
  let isSubscribed = false;
  let wasUp: boolean | undefined;
  let appends = 0;
  let probedAppends = 0;
  let isProbing = false;
  const isKnown = createSignal();

  const commands = createRedisConnection(
    { onReady: () => void warnOfEviction(commands.redis, log), onLost: () => {}, onChange: noteHealth },
    { settings, deadlineMs },
  );
  const subscriber = createRedisConnection(
    { onReady: () => void subscribe(), onLost: unsubscribed, onChange: noteHealth },
    { settings, deadlineMs },
  );
  const store = createRedisStore(
    {
      connection: commands,
      log,
      now: () => clock.now(),
      isExpired: ({ expiresAtMs }) => clock.isExpired(expiresAtMs),
    },
    { keys, retention },
  );
  const recent = new MailboxLog({ ...retention, bytes: Math.min(recentBytes, retention.bytes) });
  const later = createLaterWrites(store.write);
  const readers = createTurns(mailboxReaders);
  const following = createFollowing({
    position,
    page: (after) => store.page(after, pageEntries),
    onStart(head) {
      recent.startAt(head);
      told.note(head);
    },
    deliver,
    onGap: tellGap,
    pause: () => delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => {}),
    onChange: noteHealth,
  });
  const told = createTold();
  /** The one of several that was read from last. */
  let server: string | undefined;
  const groups = createGroups<Appended>(appendGroup, { ...groupLimits, deadlineMs });
  let prober: NodeJS.Timeout | undefined;

  subscriber.redis.on('message', (_channel: string, text: string) => {
    following.announced(decodeAnnouncement(text));
  });

  function tellGap(after: number, since: number): void {
    log.warn({ event: 'journal.gap', after, since });
    recent.startAt(since);
    onGap?.(after, since);
  }

  async function position(floor: number): Promise<LogPosition> {
    const now = settings.finder?.current()?.id;
    const found = await store.position(floor);
    if (server !== undefined && now !== server) {
      const oldest = await told.oldestUntold(floor, (through) => store.mids(through, pageMids));
      if (oldest !== undefined) tellGap(oldest - 1, floor);
    }
    server = now;
    return found;
  }

  function deliver(entries: readonly Entry[]): void {
    for (const entry of entries) {
      told.note(entry.mid);
      if (entry.message.retracts !== 0) recent.retract(entry.message.retracts);
      recent.append(entry);
    }
    follower(entries);
  }

  async function appendGroup(messages: readonly Message[], units: readonly Unit[]): Promise<readonly Appended[]> {
    const appended = await store.append(following.lastSeen(), units);
    appends += 1;
    messages.forEach((message, index) => {
      if (appended[index]?.outcome === 'expired') onExpired(message);
    });
    return appended;
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
      isIdle ? store.position(following.lastSeen()) : undefined,
      isSubscribed ? subscriber.run((redis) => redis.ping()) : undefined,
    ]);
    isProbing = false;
  }

  function health(): Health {
    const reason = commands.trouble() ?? subscriber.trouble();
    if (reason !== undefined) return { ok: false, reason };
    if (!commands.isReady() || !isSubscribed) return { ok: false, reason: `Connecting to ${nameOf(settings)}.` };
    if (!following.isLive()) return { ok: false, reason: `Reading what was missed from ${nameOf(settings)}.` };
    return { ok: true };
  }

  /** One line for each change, however many attempts it takes. What is still under way is no change. */
  function noteHealth(): void {
    const isUp = health().ok;
    const reason = commands.trouble() ?? subscriber.trouble();
    if (stopping.signal.aborted || isUp === wasUp || (!isUp && reason === undefined)) return;
    wasUp = isUp;
    if (isUp) log.info({ event: 'redis.up', redis: addressOf(settings) });
    else log.warn({ event: 'redis.down', redis: addressOf(settings), reason });
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
    async append(messages, unit) {
      try {
        return await groups.add(messages, unit);
      } catch (error) {
        if (error instanceof DeadlineError) throw new RedisError(`${nameOf(settings)} gave ${error.message}.`);
        throw error;
      }
    },
    forgetUnit: later.forget,
    head: following.lastSeen,
    read: async (after, limit) => (await store.page(after, limit)).entries,
    async completeSince() {
      return (await store.position(following.lastSeen())).since;
    },
    tail(uid, after, limits) {
      const head = following.lastSeen();
      recent.raiseHead(head);
      recent.dropThrough((clock.now() - retention.ageMs) * 1000 - 1);
      if (head === 0 || after > head || after < recent.since) return undefined;
      const page = recent.mailbox(uid, after, limits);
      // Redis may have more of it.
      return page.gap ? undefined : page;
    },
    mailbox: (uid, after, limits) =>
      readers.run(async () => {
        if (limits.isWanted?.() === false) throw new RedisError('Nobody waits for this page any more.');
        return store.mailbox(uid, after, limits);
      }),
    find: store.find,
    acknowledge: later.acknowledge,
    async ackedBy(uids) {
      const stored = await store.ackedBy(uids);
      return uids.map((uid, index) => Math.max(stored[index] ?? 0, later.waitingCursor(uid)));
    },
    health,
    async stop() {
      clearInterval(prober);
      await groups.idle();
      await later.stop();
      stopping.abort();
      following.lost();
      await Promise.all([commands.close(), subscriber.close()]);
    },
  };
}
