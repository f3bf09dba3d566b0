import { UnrecoverableError, Worker, type Job } from 'bullmq';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Journal } from '../journal/journal.ts';
import { decodeRecords } from '../journal/record.ts';
import { redisOptions, type RedisLog, type RedisSettings } from '../journal/redis-connection.ts';
import { isExpired, type Message } from '../message/message.ts';

/** What a job holds: messages, as records. */
export interface JobData {
  readonly records: string;
}

export interface JobWorkerDeps {
  readonly journal: Journal;
  readonly log: RedisLog;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Called for accepted messages that expired before a worker came to them; they do not reach the journal. */
  readonly onExpired: (messages: readonly Message[]) => void;
}

export interface JobWorkerOptions {
  readonly settings: RedisSettings;
  readonly prefix: string;
  readonly queueName: string;
  /** The longest that a stop waits for the jobs at hand, and a connection for its opening. */
  readonly deadlineMs: number;
}

/**
 * Jobs are begun in their order, and their appends go to Redis as one group: with one at a time a worker falls behind what is
 * accepted.
 */
const concurrency = 8;

/**
 * A worker that dies holds its job for at most `lockMs` and two rounds of the check that finds it (a first round marks, a
 * second one redelivers): under 10 s. BullMQ's defaults make that a minute and a half.
 */
const lockMs = 4000;
const stalledCheckMs = 2000;

/** How often a job may outlive its worker. BullMQ's default, 1, would fail a job at the second crash in a row. */
const maxStalledCount = 1_000_000;

/** The wait before a job is tried again: doubled each time, up to the longest. */
const firstRetryMs = 100;
const maxRetryMs = 5000;

/** What a worker waits after a command that failed. BullMQ's default is 15 s. */
const commandRetryMs = 500;

/**
 * How long an idle worker waits for a job before it asks anew, in seconds. A stop while Redis is down waits for that, and one
 * second more, before the process can end.
 */
const idleWaitSeconds = 2;

/**
 * A connection with a command on its way and no answer for so long is given up. More than the 10 s for which BullMQ may wait
 * for the next job.
 */
const silenceMs = 12_000;

/**
 * Takes jobs and appends their messages to the journal. Appending is idempotent by id, so a job that is delivered twice does
 * no harm; one whose append fails is tried again, for as long as it takes.
 */
export function createJobWorker(deps: JobWorkerDeps, { settings, prefix, queueName, deadlineMs }: JobWorkerOptions) {
  const { journal, log, now, onExpired } = deps;
  const running = new Set<string | undefined>();
  let reported = '';

  async function append(job: Job<unknown>): Promise<void> {
    const messages = readJob(job.data);
    if (messages === undefined) {
      log.warn({ event: 'bullmq.unreadable', job: job.id });
      throw new UnrecoverableError('not a job that Tidings made');
    }
    const time = now();
    const expired = messages.filter((message) => isExpired(message, time));
    if (expired.length > 0) onExpired(expired);
    const due = expired.length === 0 ? messages : messages.filter((message) => !isExpired(message, time));
    if (due.length > 0) await journal.append(due);
  }

  async function work(job: Job<unknown>): Promise<void> {
    running.add(job.id);
    await append(job);
  }

  const worker = new Worker<unknown>(queueName, work, {
    // Options and not a connection: BullMQ makes its own two, and one of them blocks. Unlike everywhere else its commands wait
    // for a reconnect and are sent again: a worker that fails at once while Redis is away would only spin.
    connection: {
      ...redisOptions({ settings, deadlineMs }),
      maxRetriesPerRequest: null,
      socketTimeout: silenceMs,
    },
    prefix,
    concurrency,
    drainDelay: idleWaitSeconds,
    lockDuration: lockMs,
    stalledInterval: stalledCheckMs,
    maxStalledCount,
    runRetryDelay: commandRetryMs,
    settings: { backoffStrategy: (attempt) => Math.min(firstRetryMs * 2 ** (attempt - 1), maxRetryMs) },
  });
  worker.on('completed', (job) => {
    running.delete(job.id);
    reported = '';
  });
  worker.on('failed', (job, error) => {
    running.delete(job?.id);
    report(error);
  });
  worker.on('error', report);

  /** Says each new thing once: an outage makes the same error again and again. */
  function report(error: Error): void {
    const reason = error.message.slice(0, 200);
    if (reason === reported) return;
    reported = reason;
    log.warn({ event: 'bullmq.worker', reason });
  }

  return {
    /** Lets the jobs at hand finish, within the deadline, and closes the connections. A job that is cut off is redelivered. */
    async close(): Promise<void> {
      await worker.pause(true);
      const end = performance.now() + deadlineMs;
      while (running.size > 0 && performance.now() < end) await delay(10);
      // Forced, since without it BullMQ waits for ever for a connection that is not there.
      await worker.close(true);
    },
  };
}

/** Undefined for a job that somebody else has put into the queue. */
function readJob(data: unknown): Message[] | undefined {
  if (typeof data !== 'object' || data === null || !('records' in data)) return undefined;
  return typeof data.records === 'string' ? decodeRecords(data.records) : undefined;
}
