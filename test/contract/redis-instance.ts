import { createRedisJournal } from '../../src/journal/redis.ts';
import type { Retention } from '../../src/journal/journal.ts';
import type { OneRedis, RedisLog, RedisSettings } from '../../src/journal/redis-connection.ts';
import type { RedisFinder } from '../../src/journal/redis-finder.ts';
import { createBullmqQueue } from '../../src/queue/bullmq.ts';
import { createDirectQueue } from '../../src/queue/direct.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { Queue } from '../../src/queue/queue.ts';
import type { Message } from '../../src/message/message.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { clockOf } from './machine-clock.ts';
import { plenty } from './redis-place.ts';
import { createTold, type Told } from './told.ts';

/** Short, so that a test sees it pass. */
export const deadlineMs = 400;

export interface RedisInstanceOptions {
  readonly queue?: 'redis' | 'bullmq';
  readonly settings?: Partial<OneRedis>;
  /** In the place of the port. */
  readonly finder?: RedisFinder;
  readonly retention?: Partial<Retention>;
  readonly now?: () => number;
  /** Of BullMQ. */
  readonly maxRetryMs?: number;
  readonly prefix?: string;
  /** For a test that is not about it: a busy machine takes half a second now and then. */
  readonly deadlineMs?: number;
  readonly wrapJournal?: (journal: Journal) => Journal;
}

/** A journal and a queue on a Redis that a test breaks, and what they said meanwhile. */
export interface RedisInstance {
  readonly journal: Journal;
  readonly queue: Queue;
  readonly told: Told;
  /** Everything logged so far: event and reason. */
  readonly logged: readonly string[];
  readonly gaps: readonly { readonly after: number; readonly since: number }[];
  readonly expired: readonly Message[];
  /** What a worker of BullMQ has given up. */
  readonly failed: readonly Message[];
  events(event: string): number;
  reason(): string;
  untilUp(): Promise<void>;
  /** Waits for a reason that matches. */
  untilDown(reason: RegExp): Promise<void>;
  /** Offers again what was refused, until it is accepted. */
  acceptAtLast(messages: readonly Message[]): Promise<void>;
  stop(): Promise<void>;
}

export async function openInstance(
  scope: Scope,
  port: number,
  options: RedisInstanceOptions = {},
): Promise<RedisInstance> {
  const at: OneRedis = { host: '127.0.0.1', port, db: 0, tls: false, ...options.settings };
  const settings: RedisSettings = options.finder === undefined ? at : { ...at, finder: options.finder };
  const place = { settings, prefix: options.prefix ?? 'tidings', deadlineMs: options.deadlineMs ?? deadlineMs };
  const logged: { event: string; text: string }[] = [];
  const write = (fields: object): void => {
    const event = 'event' in fields ? String(fields.event) : '';
    logged.push({ event, text: JSON.stringify(fields) });
  };
  const log: RedisLog = { info: write, warn: write };
  const gaps: { after: number; since: number }[] = [];
  const expired: Message[] = [];
  const failed: Message[] = [];
  const onGap = (after: number, since: number): number => gaps.push({ after, since });
  const clock = clockOf(options.now ?? Date.now);
  const onExpired = (message: Message): number => expired.push(message);
  const retention = { ...plenty, ...options.retention };
  const journal = createRedisJournal({ log, clock, onExpired, onGap }, { ...place, retention });
  const wrapped = options.wrapJournal?.(journal) ?? journal;
  const queue =
    options.queue === 'bullmq'
      ? createBullmqQueue(
          { journal: wrapped, log, clock, onExpired, onFailed: (messages) => void failed.push(...messages) },
          { ...place, retention, ...(options.maxRetryMs === undefined ? {} : { maxRetryMs: options.maxRetryMs }) },
        )
      : createDirectQueue({ journal: wrapped });
  const told = createTold();
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= queue.stop().then(() => journal.stop()));
  endWith(scope, stop);
  await journal.start(told.follower);
  await queue.start();

  const reason = (): string => {
    const health = queue.health();
    return health.ok ? '' : health.reason;
  };
  return {
    journal,
    queue,
    told,
    gaps,
    expired,
    failed,
    get logged() {
      return logged.map(({ text }) => text);
    },
    events: (event) => logged.filter((line) => line.event === event).length,
    reason,
    async untilUp() {
      await eventually(
        () => (queue.health().ok ? true : undefined),
        () => `health: ${reason()}`,
      );
    },
    async untilDown(expectedReason) {
      await eventually(
        () => (expectedReason.test(reason()) ? true : undefined),
        () => `${expectedReason}: ${reason()}`,
      );
    },
    async acceptAtLast(messages) {
      await eventually(
        async () => ((await queue.accept(messages)).ok ? true : undefined),
        () => `accepted: ${reason()}`,
      );
    },
    stop,
  };
}
