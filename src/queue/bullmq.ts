import { Queue as JobQueue } from 'bullmq';
import type { Redis } from 'ioredis';
import { createGroups, DeadlineError, type Unit } from '../journal/group.ts';
import type { Health, Retention } from '../journal/journal.ts';
import { addressOf, createRedisConnection, nameOf } from '../journal/redis-connection.ts';
import { createSignal } from '../journal/signal.ts';
import type { Message } from '../message/message.ts';
import { createBacklog } from './bullmq-backlog.ts';
import { createClaims, needsClaim, type Claim } from './bullmq-claims.ts';
import { groupJob, queueName, scheduledJob, type JobData, type NewJob } from './bullmq-jobs.ts';
import { createJobWorker, type JobWorkerDeps, type JobWorkerOptions } from './bullmq-worker.ts';
import { acceptedUnless } from './outcomes.ts';
import type { Queue } from './queue.ts';

export interface BullmqQueueOptions extends JobWorkerOptions {
  readonly retention: Pick<Retention, 'idMs' | 'ageMs'>;
}

/** One job holds a group of messages, as one append to the journal does. */
const groupLimits = { maxMessages: 1000, maxBytes: 1024 * 1024 };

/** BullMQ's own stream of events, which nobody reads here. */
const keptEvents = 100;

/** How often the connection that adds must show that Redis takes something. */
const probeEveryMs = 2000;

/**
 * The queue of many instances on BullMQ: accepting means that a job is in Redis. A worker of any instance then appends its
 * messages to the journal, which tells every instance. Messages of one call keep their order; two calls may be worked on by
 * two instances at once.
 */
export function createBullmqQueue(deps: JobWorkerDeps, options: BullmqQueueOptions): Queue {
  const { settings, prefix, deadlineMs, retention } = options;
  const { journal, log, clock } = deps;
  const now = (): number => clock.now();
  let isStopping = false;
  let wasUp: boolean | undefined;
  let jobQueue: JobQueue<JobData> | undefined;
  let worker: ReturnType<typeof createJobWorker> | undefined;
  let prober: NodeJS.Timeout | undefined;
  const isKnown = createSignal();

  const adder = createRedisConnection({ onReady: noop, onLost: noop, onChange: noteHealth }, { settings, deadlineMs });
  const claims = createClaims(adder, { prefix, idMs: retention.idMs, ownIdMs: retention.ageMs });
  const backlog = createBacklog({ claims, run: onJobs, now });
  const groups = createGroups<Claim>(addGroup, { ...groupLimits, deadlineMs });

  function onJobs<T>(command: (jobs: JobQueue<JobData>, redis: Redis) => Promise<T>): Promise<T> {
    return adder.run((redis) => {
      // Made on a connection that is ready: on one that never was, BullMQ waits for ever.
      jobQueue ??= createJobQueue(redis, prefix);
      return command(jobQueue, redis);
    });
  }

  async function addGroup(messages: readonly Message[], units: readonly Unit[]): Promise<readonly Claim[]> {
    const nowMs = now();
    if (messages.some((message) => needsClaim(message, nowMs))) return addClaimed(messages, units, nowMs);
    await addJobs([groupJob(messages)]);
    return [];
  }

  /** What was done or belongs to another message needs no job; what is for later has one of its own. */
  async function addClaimed(
    messages: readonly Message[],
    units: readonly Unit[],
    nowMs: number,
  ): Promise<readonly Claim[]> {
    const found = await claims.claim(units, nowMs);
    const open = messages.filter((_message, index) => found[index] === 'open');
    const soon = open.filter(({ deliverAtMs }) => deliverAtMs <= nowMs);
    const later = open.filter(({ deliverAtMs }) => deliverAtMs > nowMs);
    const newJobs = later.map((message) => scheduledJob(message, nowMs));
    if (soon.length > 0) newJobs.push(groupJob(soon));
    if (newJobs.length > 0) await addJobs(newJobs);
    return found;
  }

  function addJobs(newJobs: readonly NewJob[]): Promise<unknown> {
    const [first] = newJobs;
    if (newJobs.length > 1 || first === undefined) return onJobs((jobs) => jobs.addBulk([...newJobs]));
    return onJobs<unknown>((jobs) => jobs.add(first.name, first.data, first.opts));
  }

  function health(): Health {
    const reason = adder.trouble();
    if (reason !== undefined) return { ok: false, reason };
    if (!adder.isReady()) return { ok: false, reason: `Connecting to ${nameOf(settings)}.` };
    const ofJournal = journal.health();
    if (!ofJournal.ok) return ofJournal;
    const trouble = worker?.trouble();
    return trouble === undefined ? ofJournal : { ok: false, reason: trouble };
  }

  /** One line for each change, however many attempts it takes. */
  function noteHealth(): void {
    const reason = adder.trouble();
    const isUp = adder.isReady() && reason === undefined;
    if (isStopping || isUp === wasUp || (!isUp && reason === undefined)) return;
    wasUp = isUp;
    if (isUp) log.info({ event: 'bullmq.up', redis: addressOf(settings) });
    else log.warn({ event: 'bullmq.down', redis: addressOf(settings), reason });
    isKnown.resolve();
  }

  /** A write: a Redis that answers but takes nothing is down for a queue. */
  function probe(): void {
    adder.run((redis) => redis.set(`${prefix}:probe`, '', 'PX', 2 * probeEveryMs)).catch(noop);
  }

  /** BullMQ waits for ever when its Redis goes and comes at the wrong moment. */
  async function inTime(closing: Promise<unknown> | undefined): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, 2 * deadlineMs)));
    await Promise.race([closing?.catch(noop), late]);
    clearTimeout(timer);
  }

  return {
    guarantees: { survivesProcess: true, manyInstances: true, schedules: true },
    start() {
      adder.open();
      worker = createJobWorker(deps, options);
      prober = setInterval(probe, probeEveryMs);
      return isKnown.promise;
    },
    async accept(messages) {
      try {
        return acceptedUnless(await groups.add(messages), (claim) => claim === 'conflict');
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        const reason = error instanceof DeadlineError ? `${nameOf(settings)} gave ${text}.` : text;
        return { ok: false, code: 'queue_unavailable', reason };
      }
    },
    health,
    backlog,
    async stop() {
      await groups.idle();
      isStopping = true;
      clearInterval(prober);
      await inTime(worker?.close());
      await inTime(jobQueue?.close());
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
