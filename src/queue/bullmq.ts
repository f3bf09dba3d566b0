import { Queue as JobQueue } from 'bullmq';
import type { Redis } from 'ioredis';
import { createGroups, DeadlineError } from '../journal/group.ts';
import type { Health } from '../journal/journal.ts';
import { encodeRecords } from '../journal/record.ts';
import { createRedisConnection, type RedisSettings } from '../journal/redis-connection.ts';
import { createSignal } from '../journal/signal.ts';
import type { Message } from '../message/message.ts';
import { createJobWorker, type JobData, type JobWorkerDeps } from './bullmq-worker.ts';
import type { Accepted, Queue } from './queue.ts';

export interface BullmqQueueOptions {
  readonly settings: RedisSettings;
  /** First part of every key. */
  readonly prefix: string;
  /** The longest that `accept` waits. */
  readonly deadlineMs: number;
}

const queueName = 'send';

/** One job holds a group of messages, as one append to the journal does. */
const groupLimits = { maxMessages: 1000, maxBytes: 1024 * 1024 };

const jobOptions = {
  // A store that is away for a day must not cost a message: only a job that cannot be read is given up.
  attempts: 1_000_000,
  // Any name that BullMQ does not know means the worker's own strategy.
  backoff: { type: 'capped' },
  removeOnComplete: true,
  removeOnFail: { count: 1000 },
  stackTraceLimit: 1,
} as const;

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
export function createBullmqQueue(deps: JobWorkerDeps, { settings, prefix, deadlineMs }: BullmqQueueOptions): Queue {
  const { journal, log } = deps;
  const address = `${settings.host}:${settings.port}`;
  let isStopping = false;
  let wasUp: boolean | undefined;
  let jobs: JobQueue<JobData> | undefined;
  let worker: ReturnType<typeof createJobWorker> | undefined;
  let prober: NodeJS.Timeout | undefined;
  const isKnown = createSignal();

  const adder = createRedisConnection({ onReady: noop, onLost: noop, onChange: noteHealth }, { settings, deadlineMs });
  const groups = createGroups<undefined>(addJob, { ...groupLimits, deadlineMs });

  async function addJob(messages: readonly Message[]): Promise<readonly undefined[]> {
    await adder.run((redis) => {
      // Made on a connection that is ready: on one that never was, BullMQ waits for ever.
      jobs ??= createJobQueue(redis, prefix);
      return jobs.add('messages', { records: encodeRecords(messages) }, jobOptions);
    });
    return [];
  }

  function health(): Health {
    const reason = adder.trouble();
    if (reason !== undefined) return { ok: false, reason };
    return adder.isReady() ? journal.health() : { ok: false, reason: `Connecting to Redis at ${address}.` };
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
    guarantees: { survivesProcess: true, manyInstances: true },
    start() {
      adder.open();
      worker = createJobWorker(deps, { settings, prefix, queueName, deadlineMs });
      prober = setInterval(() => void adder.run((redis) => redis.ping()).catch(noop), probeEveryMs);
      return isKnown.promise;
    },
    async accept(messages) {
      try {
        await groups.add(messages);
        return accepted;
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        const reason = error instanceof DeadlineError ? `Redis at ${address} gave ${text}.` : text;
        return { ok: false, code: 'queue_unavailable', reason };
      }
    },
    health,
    async stop() {
      await groups.idle();
      isStopping = true;
      clearInterval(prober);
      await worker?.close();
      await jobs?.close();
      await adder.close();
    },
  };
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
