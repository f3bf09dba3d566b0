import { createHash } from 'node:crypto';
import type { Job, JobsOptions } from 'bullmq';
import { decodeRecords, encodeRecords } from '../journal/record.ts';
import type { Message } from '../message/message.ts';

/** The name of the BullMQ queue, the second part of each of its keys. */
export const queueName = 'send';

/** What a job holds: messages, as records. */
export interface JobData {
  readonly records: string;
  /** Of a scheduled message: when it is due, in Unix milliseconds. Its job has no other message. */
  readonly deliverAtMs?: number;
}

/**
 * How many jobs that failed for good are kept, the oldest going first. A job is one group of messages, up to 1 MiB: this many keep a
 * store that refuses everything from filling with what it refused, and are more than anybody looks through.
 */
const keptFailedJobs = 10_000;

const always = {
  // Only the worker itself says that a job is to be given up.
  attempts: 1_000_000,
  // Any name that BullMQ does not know means the worker's own strategy.
  backoff: { type: 'capped' },
  removeOnComplete: true,
  removeOnFail: { count: keptFailedJobs },
  stackTraceLimit: 1,
} as const satisfies JobsOptions;

/** What `Queue.addBulk` takes. */
export interface NewJob {
  readonly name: string;
  readonly data: JobData;
  readonly opts: JobsOptions;
}

/** A job for now: a group of messages, as one append to the journal takes them. */
export function groupJob(messages: readonly Message[]): NewJob {
  return { name: 'messages', data: { records: encodeRecords(messages) }, opts: always };
}

/** Job ids of scheduled messages begin so; BullMQ numbers the others. */
export const scheduledPrefix = 'at-';

/** The job of a scheduled message: a repeat has the same. An id of a message may hold anything, that of a job no `:`. */
export function scheduledJobId(id: string): string {
  return scheduledPrefix + createHash('sha256').update(id).digest('base64url');
}

/** A job for later. BullMQ sorts by `timestamp + delay`, which is then the instant itself. */
export function scheduledJob(message: Message, nowMs: number): NewJob {
  const { id, deliverAtMs } = message;
  const delay = Math.max(1, Math.ceil(deliverAtMs - nowMs));
  return {
    name: 'scheduled',
    data: { records: encodeRecords([message]), deliverAtMs },
    opts: { ...always, jobId: scheduledJobId(id), delay, timestamp: deliverAtMs - delay },
  };
}

/** What a job's data says; undefined for what is not ours. */
export interface ReadJob {
  readonly messages: readonly Message[];
  /** 0: now. */
  readonly deliverAtMs: number;
}

export function readJobData(data: unknown): ReadJob | undefined {
  if (typeof data !== 'object' || data === null || !('records' in data)) return undefined;
  const messages = typeof data.records === 'string' ? decodeRecords(data.records) : undefined;
  if (messages === undefined) return undefined;
  const deliverAtMs = 'deliverAtMs' in data && typeof data.deliverAtMs === 'number' ? data.deliverAtMs : 0;
  return { messages, deliverAtMs };
}

/** The unit of a job's append: BullMQ counts from 1 again when its store was emptied, which the time tells apart. */
export function unitOf({ id = '', timestamp }: Job<unknown>): string {
  return `${id}-${timestamp}`;
}
