import { DelayedError, UnrecoverableError, Worker, type Job } from 'bullmq';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { redisOptions, type RedisSettings } from '../journal/redis-connection.ts';
import type { Message } from '../message/message.ts';
import { createJobAppends, type JobAppendDeps } from './bullmq-append.ts';
import { queueName, readJobData, unitOf } from './bullmq-jobs.ts';

export interface JobWorkerDeps extends JobAppendDeps {
  /** Told accepted messages that were given up: their job is kept among the failed ones. */
  readonly onFailed?: (messages: readonly Message[]) => void;
}

export interface JobWorkerOptions {
  readonly settings: RedisSettings;
  readonly prefix: string;
  /** The longest that a stop waits for the jobs at hand, and a connection for its opening. */
  readonly deadlineMs: number;
  /** The longest wait before a job is tried again. */
  readonly maxRetryMs?: number;
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
const defaultMaxRetryMs = 5000;

/** What a worker waits after a command that failed or was refused. BullMQ's default is 15 s, and nothing after a refusal. */
const commandRetryMs = 500;

/**
 * How long an idle worker waits for a job before it asks anew, in seconds. When Redis is down at a stop, the process lives on for that
 * and one second more: BullMQ does not give such a wait up. With scheduled jobs it would wait for 10 s by itself.
 */
const idleWaitSeconds = 1;

/** A connection with a command on its way and no answer for so long is given up. */
const silenceMs = 5000;

/** How long an error counts as the worker's state. One that lasts comes again sooner. */
const troubleMs = 6000;

/**
 * Takes jobs and appends their messages to the journal. Appending is idempotent by id, so a job that is delivered twice does
 * no harm; one whose append fails is tried again, for as long as it takes.
 */
export function createJobWorker(deps: JobWorkerDeps, options: JobWorkerOptions) {
  const { settings, prefix, deadlineMs, maxRetryMs = defaultMaxRetryMs } = options;
  const { journal, log, onFailed } = deps;
  const appends = createJobAppends(deps);
  const running = new Set<string | undefined>();
  let reported = '';
  let isClosing = false;
  let resting: NodeJS.Timeout | undefined;
  let trouble: { readonly reason: string; readonly atMs: number } | undefined;

  async function work(job: Job<unknown>): Promise<void> {
    running.add(job.id);
    try {
      await appends.append(job);
    } catch (error) {
      // Neither completed nor failed: nothing else says that it is over.
      if (error instanceof DelayedError) running.delete(job.id);
      throw error;
    }
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
  Object.defineProperty(worker.getBackend(), 'maximumBlockTimeout', { value: idleWaitSeconds });
  worker.on('completed', (job) => {
    running.delete(job.id);
    journal.forgetUnit(unitOf(job));
    reported = '';
    trouble = undefined;
  });
  worker.on('failed', (job, error) => {
    running.delete(job?.id);
    if (error instanceof UnrecoverableError) giveUp(job, error);
    else report(error);
  });
  worker.on('error', (error) => {
    report(error);
    trouble = { reason: firstLine(error), atMs: performance.now() };
    rest();
  });
  worker.getBackend().on('ready', () => {
    trouble = undefined;
  });

  /** Asked at once again after Redis has refused, BullMQ would take half a core for as long as that lasts. */
  function rest(): void {
    if (isClosing || resting !== undefined) return;
    void worker.pause(true);
    resting = setTimeout(() => {
      resting = undefined;
      void worker.resume();
    }, commandRetryMs);
  }

  /** Says each new thing once: an outage makes the same error again and again. */
  function report(error: Error): void {
    const reason = firstLine(error);
    if (reason === reported) return;
    reported = reason;
    log.warn({ event: 'bullmq.worker', reason });
  }

  function giveUp(job: Job<unknown> | undefined, error: Error): void {
    const messages = readJobData(job?.data)?.messages ?? [];
    log.warn({ event: 'bullmq.failed', job: job?.id, messages: messages.length, reason: firstLine(error) });
    onFailed?.(messages);
  }

  return {
    /** A sentence that says why no jobs are taken now, when that is known. */
    trouble(): string | undefined {
      if (resting === undefined && !worker.isRunning()) return 'The worker of the queue has ended.';
      if (trouble === undefined || performance.now() - trouble.atMs > troubleMs) return undefined;
      return `The worker of the queue has trouble: ${trouble.reason}`;
    },
    /** Lets the jobs at hand finish, within the deadline, and closes the connections. A job that is cut off is redelivered. */
    async close(): Promise<void> {
      isClosing = true;
      clearTimeout(resting);
      appends.stop();
      await worker.pause(true);
      const end = performance.now() + deadlineMs;
      while (running.size > 0 && performance.now() < end) await delay(10);
      // Forced, since without it BullMQ waits for ever for a connection that is not there.
      await worker.close(true);
    },
  };
}

function firstLine(error: Error): string {
  return (error.message.split('\n')[0] ?? '').slice(0, 200);
}
