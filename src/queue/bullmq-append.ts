import { UnrecoverableError, type Job } from 'bullmq';
import type { Journal } from '../journal/journal.ts';
import { encodeRecords } from '../journal/record.ts';
import { RedisError, type RedisLog } from '../journal/redis-connection.ts';
import type { Clock } from '../message/clock.ts';
import type { Message } from '../message/message.ts';
import { readJobData, unitOf, type JobData } from './bullmq-jobs.ts';
import { createPutOff } from './bullmq-put-off.ts';

export interface JobAppendDeps {
  readonly journal: Journal;
  readonly log: RedisLog;
  readonly clock: Clock;
  /** Told each accepted message that had expired when a worker came to it; it does not reach the journal. */
  readonly onExpired: (message: Message) => void;
}

/** A reason to give a message up that waiting does not change. */
interface Refused {
  readonly message: Message;
  readonly reason: string;
}

/**
 * How often the journal may refuse a job before it is given up: half a minute with the waits between. Only refusals count that are about
 * the job: see `isOfJob`.
 */
const maxRefusals = 12;

/** What Redis says while it refuses everybody, also from within a script. Any other reply is about what was asked of it. */
const outageReplies =
  /\b(LOADING|READONLY|OOM|NOAUTH|WRONGPASS|NOPERM|MASTERDOWN|NOREPLICAS|MISCONF|BUSY|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|NOSCRIPT|DENIED|max number of clients)\b/;

const conflictReason = 'Its id was used before, for another message.';

/**
 * What a worker does with a job. It resolves when the job is done; an error means that it is tried again, for as long as it takes, and
 * an UnrecoverableError that it is given up: nobody can read it, or the journal takes appends and refuses this one again and again.
 * Of a group only the messages that are refused one by one are given up, the others are appended.
 */
export function createJobAppends({ journal, log, clock, onExpired }: JobAppendDeps) {
  /** Those that were refused since the last append that was not, and are to be tried again. */
  const refusedJobs = new Set<string>();
  const putOff = createPutOff(clock);

  async function append(job: Job<unknown>): Promise<void> {
    const read = readJobData(job.data);
    if (read === undefined) {
      log.warn({ event: 'bullmq.unreadable', job: job.id });
      throw new UnrecoverableError('not a job that Tidings made');
    }
    await putOff.notBefore(job, read.deliverAtMs);
    const due: Message[] = [];
    const expired: Message[] = [];
    for (const message of read.messages) (clock.isExpired(message.expiresAtMs) ? expired : due).push(message);
    if (due.length > 0) await appendDue(job, due);
    // Last, so that a job that is tried again does not count them again.
    for (const message of expired) onExpired(message);
  }

  async function appendDue(job: Job<unknown>, messages: readonly Message[]): Promise<void> {
    try {
      await appendTogether(job, messages);
    } catch (error) {
      if (error instanceof UnrecoverableError || !(await isOfJob(job, error))) throw error;
      await countRefusal(job, messages, error);
    }
  }

  /** One unit, without those whose id is another message's by now (it was forgotten while the job waited): they are given up. */
  async function appendTogether(job: Job<unknown>, messages: readonly Message[]): Promise<void> {
    const appended = await journal.append(messages, unitOf(job));
    refusedJobs.clear();
    const conflicts = messages.filter((_message, index) => appended[index]?.outcome === 'conflict');
    if (conflicts.length > 0) await appendEach(job, messages);
  }

  async function appendEach(job: Job<unknown>, messages: readonly Message[]): Promise<void> {
    const refused: Refused[] = [];
    for (const message of messages) {
      try {
        const [appended] = await journal.append([message], `${unitOf(job)}/${message.id}`);
        refusedJobs.clear();
        if (appended?.outcome === 'conflict') refused.push({ message, reason: conflictReason });
      } catch (error) {
        if (!(await isOfJob(job, error))) throw error;
        refused.push({ message, reason: textOf(error) });
      }
    }
    const [first] = refused;
    if (first === undefined) return;
    const data: JobData = { records: encodeRecords(refused.map(({ message }) => message)) };
    if (refused.length < messages.length) await job.updateData(data);
    refusedJobs.delete(unitOf(job));
    throw new UnrecoverableError(first.reason);
  }

  /** The count is kept with the job, where BullMQ has its progress: the next try may be another instance's. */
  async function countRefusal(job: Job<unknown>, messages: readonly Message[], error: unknown): Promise<void> {
    const refusals = (typeof job.progress === 'number' ? job.progress : 0) + 1;
    if (refusals >= maxRefusals) return appendEach(job, messages);
    await job.updateProgress(refusals);
    throw error;
  }

  /**
   * Whether a failed append is the job's own fault. It is not while the store is away, silent or refuses everybody: then the job is
   * tried for ever. The reply says so; to be sure the journal is asked for something else, and no other job may have been refused since
   * one succeeded.
   */
  async function isOfJob(job: Job<unknown>, error: unknown): Promise<boolean> {
    if (error instanceof RedisError && (error.reply === undefined || outageReplies.test(error.reply))) return false;
    try {
      await journal.completeSince();
    } catch {
      return false;
    }
    refusedJobs.add(unitOf(job));
    return refusedJobs.size === 1;
  }

  return { append, stop: putOff.stop };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
