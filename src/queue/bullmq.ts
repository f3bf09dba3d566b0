import { Queue as JobQueue } from 'bullmq';
import type { Redis } from 'ioredis';
import { createGroups, DeadlineError } from '../journal/group.ts';
import type { Health, Retention } from '../journal/journal.ts';
import { createRedisConnection } from '../journal/redis-connection.ts';
import { createSignal } from '../journal/signal.ts';
import type { Message } from '../message/message.ts';
import { createBacklog } from './bullmq-backlog.ts';
import { createClaims } from './bullmq-claims.ts';
import { groupJob, queueName, scheduledJob, type JobData } from './bullmq-jobs.ts';
import { createJobWorker, type JobWorkerDeps, type JobWorkerOptions } from './bullmq-worker.ts';
import { createDeadline } from './deadline.ts';
import type { Accepted, Queue } from './queue.ts';

export interface BullmqQueueOptions extends JobWorkerOptions {
  readonly retention: Pick<Retention, 'idMs' | 'ageMs'>;
}

/** One job holds a group of messages, as one append to the journal does. */
const groupLimits = { maxMessages: 1000, maxBytes: 1024 * 1024 };

/** BullMQ's own stream of events, which nobody reads here. */
const keptEvents = 100;

/** How often the connection that adds must show that Redis answers. */
const probeEveryMs = 2000;

const accepted: Accepted = { ok: true };

/**
 * The queue of many instances on BullMQ: accepting means that a job is in Redis. A worker of any instance then appends its
 * messages to the journal, which tells every instance. Messages of one call keep their order; two calls may be worked on by
 * two instances at once.
 */
export function createBullmqQueue(deps: JobWorkerDeps, options: BullmqQueueOptions): Queue {
  const { settings, prefix, deadlineMs, retention } = options;
  const { journal, log, clock } = deps;
  const now = (): number => clock.now();
  const address = `${settings.host}:${settings.port}`;
  let isStopping = false;
  let wasUp: boolean | undefined;
  let jobQueue: JobQueue<JobData> | undefined;
  let worker: ReturnType<typeof createJobWorker> | undefined;
  let prober: NodeJS.Timeout | undefined;
  const isKnown = createSignal();
  const claiming = new Set<Promise<Accepted>>();

  const adder = createRedisConnection({ onReady: noop, onLost: noop, onChange: noteHealth }, { settings, deadlineMs });
  const claims = createClaims(adder, { prefix, idMs: retention.idMs, ownIdMs: retention.ageMs });
  const backlog = createBacklog({ claims, run: onJobs, now });
  const groups = createGroups<undefined>(addGroup, { ...groupLimits, deadlineMs });
  const deadline = createDeadline(deadlineMs);

  function onJobs<T>(command: (jobs: JobQueue<JobData>, redis: Redis) => Promise<T>): Promise<T> {
    return adder.run((redis) => {
      // Made on a connection that is ready: on one that never was, BullMQ waits for ever.
      jobQueue ??= createJobQueue(redis, prefix);
      return command(jobQueue, redis);
    });
  }

  async function addGroup(messages: readonly Message[]): Promise<readonly undefined[]> {
    await onJobs(async (jobs) => {
      const { name, data, opts } = groupJob(messages);
      return jobs.add(name, data, opts);
    });
    return [];
  }

  /** For callers' ids and for what is scheduled: claims first, and a job only for what does not have or need one. */
  async function acceptClaimed(messages: readonly Message[]): Promise<Accepted> {
    const nowMs = now();
    const claimed = messages.filter((message) => !isOurs(message) || message.deliverAtMs > nowMs);
    const found = await claims.claim(claimed, nowMs);
    const claimOf = new Map(claimed.map((message, index) => [message, found[index]]));
    const conflicts = messages.flatMap((message, index) => (claimOf.get(message) === 'conflict' ? [index] : []));
    if (conflicts.length > 0) {
      return { ok: false, code: 'id_conflict', reason: 'This id was used before, for another message.', conflicts };
    }
    const open = messages.filter((message) => claimOf.get(message) !== 'done');
    const later = open.filter(({ deliverAtMs }) => deliverAtMs > nowMs);
    const soon = later.length === 0 ? open : open.filter(({ deliverAtMs }) => deliverAtMs <= nowMs);
    await Promise.all([
      soon.length === 0 ? undefined : groups.add(soon),
      later.length === 0
        ? undefined
        : onJobs((jobs) => jobs.addBulk(later.map((message) => scheduledJob(message, nowMs)))),
    ]);
    return accepted;
  }

  function refused(error: unknown): Accepted {
    const text = error instanceof Error ? error.message : String(error);
    const reason = error instanceof DeadlineError ? `Redis at ${address} gave ${text}.` : text;
    return { ok: false, code: 'queue_unavailable', reason };
  }

  function health(): Health {
    const reason = adder.trouble();
    if (reason !== undefined) return { ok: false, reason };
    if (!adder.isReady()) return { ok: false, reason: `Connecting to Redis at ${address}.` };
    const trouble = worker?.trouble();
    return trouble === undefined ? journal.health() : { ok: false, reason: trouble };
  }

  /** One line for each change, however many attempts it takes. */
  function noteHealth(): void {
    const reason = adder.trouble();
    const isUp = adder.isReady() && reason === undefined;
    if (isStopping || isUp === wasUp || (!isUp && reason === undefined)) return;
    wasUp = isUp;
    if (isUp) log.info({ event: 'bullmq.up', redis: address });
    else log.warn({ event: 'bullmq.down', redis: address, reason });
    isKnown.resolve();
  }

  return {
    guarantees: { survivesProcess: true, manyInstances: true, schedules: true },
    start() {
      adder.open();
      worker = createJobWorker(deps, options);
      prober = setInterval(() => void adder.run((redis) => redis.ping()).catch(noop), probeEveryMs);
      return isKnown.promise;
    },
    async accept(messages) {
      try {
        if (messages.every((message) => isOurs(message) && message.deliverAtMs === 0)) {
          await groups.add(messages);
          return accepted;
        }
        const answer = acceptClaimed(messages).catch(refused);
        claiming.add(answer);
        void answer.then(() => claiming.delete(answer));
        return await deadline(answer);
      } catch (error) {
        return refused(error);
      }
    },
    health,
    backlog,
    async stop() {
      await Promise.all(claiming);
      await groups.idle();
      isStopping = true;
      clearInterval(prober);
      await worker?.close();
      await jobQueue?.close();
      await adder.close();
    },
  };
}

function isOurs({ fingerprint }: Message): boolean {
  return fingerprint === '';
}

function createJobQueue(connection: Redis, prefix: string): JobQueue<JobData> {
  const jobs = new JobQueue<JobData>(queueName, {
    connection,
    prefix,
    skipVersionCheck: true,
    streams: { events: { maxLen: keptEvents } },
  });
  // The connection says what is wrong with it.
  jobs.on('error', noop);
  return jobs;
}

function noop(): void {}
