import type { Job, Queue as JobQueue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Claims } from './bullmq-claims.ts';
import { readJobData, scheduledJobId, scheduledPrefix, type JobData } from './bullmq-jobs.ts';
import type { Backlog, Failed, Listed, Scheduled } from './queue.ts';

export interface BacklogDeps {
  readonly claims: Claims;
  /** Runs commands on a connection that is ready. Rejects with a RedisError. */
  readonly run: <T>(command: (jobs: JobQueue<JobData>, redis: Redis) => Promise<T>) => Promise<T>;
  readonly now: () => number;
}

/** BullMQ sorts by 4096 times the instant, so that jobs of one millisecond keep their order. */
const scoreOfMs = 4096;

/**
 * Scheduled jobs share BullMQ's list of delayed ones with those that are tried again, which wait for a few seconds: only among the
 * jobs that are due so soon is there anything to sort out, by their ids.
 */
const nearMs = 60_000;

/** How many jobs, of up to 1 MiB each, are looked through at once. */
const lookedThrough = 10;

/** BullMQ: the job does not exist; it is not in the state that was expected. */
const missingCodes: readonly unknown[] = [-1, -3];

export function createBacklog({ claims, run, now }: BacklogDeps): Backlog {
  async function scheduledIds(from: number, limit: number): Promise<Listed<string>> {
    return run(async (jobs, redis) => {
      const key = jobs.toKey('delayed');
      const border = (Math.floor(now()) + nearMs) * scoreOfMs;
      const near = (await redis.zrangebyscore(key, '-inf', `(${border}`)).filter((id) =>
        id.startsWith(scheduledPrefix),
      );
      const far = await redis.zcount(key, border, '+inf');
      const items = near.slice(from, from + limit);
      if (items.length < limit && far > 0) {
        const skip = Math.max(0, from - near.length);
        items.push(...(await redis.zrangebyscore(key, border, '+inf', 'LIMIT', skip, limit - items.length)));
      }
      return { total: near.length + far, items };
    });
  }

  return {
    async scheduled(from, limit) {
      const { total, items: ids } = await scheduledIds(from, limit);
      const found = await readJobs(ids, ['data']);
      return { total, items: found.flatMap(({ fields: [data] }) => readScheduled(data) ?? []) };
    },

    async findScheduled(id) {
      const jobId = scheduledJobId(id);
      const [score, data] = await run((jobs, redis) =>
        Promise.all([redis.zscore(jobs.toKey('delayed'), jobId), redis.hget(jobs.toKey(jobId), 'data')]),
      );
      return score === null ? undefined : readScheduled(data);
    },

    async cancel(id) {
      let cancelled = await claims.cancel(id, false);
      if (cancelled === 'unknown' && (await isInGroup(id))) cancelled = await claims.cancel(id, true);
      // What a worker holds already, or what stands in a group, cannot be removed: it is dropped by its append. A job that an earlier
      // cancel could not remove any more goes now.
      if (cancelled === 'now' || cancelled === 'before') await run((jobs) => jobs.remove(scheduledJobId(id)));
      return cancelled === 'now';
    },

    async failed(from, limit) {
      const [total, ids] = await run((jobs, redis) => {
        const key = jobs.toKey('failed');
        return Promise.all([redis.zcard(key), redis.zrevrange(key, from, from + limit - 1)]);
      });
      const found = await readJobs(ids, ['data', 'failedReason', 'finishedOn']);
      const items = found.map(({ id, fields: [data, reason, finishedOn] }): Failed => ({
        job: id,
        ids: readData(data)?.messages.map((message) => message.id) ?? [],
        reason: reason ?? '',
        failedAtMs: Number(finishedOn ?? 0),
      }));
      return { total, items };
    },

    async retry(jobId) {
      return run(async (jobs) => {
        const job: Job<JobData> | undefined = await jobs.getJob(jobId);
        if (job === undefined || !(await job.isFailed())) return false;
        // The count of refusals begins anew.
        await job.updateProgress(0);
        try {
          await job.retry('failed', { resetAttemptsMade: true });
          return true;
        } catch (error) {
          if (error instanceof Error && 'code' in error && missingCodes.includes(error.code)) return false;
          throw error;
        }
      });
    },

    counts: () =>
      run(async (jobs) => {
        const counts = await jobs.getJobCounts('wait', 'active', 'delayed', 'failed');
        const of = (state: string): number => counts[state] ?? 0;
        return { waiting: of('wait'), active: of('active'), delayed: of('delayed'), failed: of('failed') };
      }),
  };

  /** Looks through every job that holds a group and is not done: there are many only when no worker takes them. */
  async function isInGroup(id: string): Promise<boolean> {
    const lists = await run((jobs, redis) =>
      redis
        .multi()
        .lrange(jobs.toKey('wait'), 0, -1)
        .lrange(jobs.toKey('active'), 0, -1)
        .zrange(jobs.toKey('delayed'), '0', '-1')
        .exec(),
    );
    const ids = (lists ?? []).flatMap(([, list]) => (Array.isArray(list) ? list.map(String) : []));
    const groups = ids.filter((job) => !job.startsWith(scheduledPrefix));
    for (let from = 0; from < groups.length; from += lookedThrough) {
      const found = await readJobs(groups.slice(from, from + lookedThrough), ['data']);
      const messages = found.flatMap(({ fields: [data] }) => readData(data)?.messages ?? []);
      if (messages.some((message) => message.id === id)) return true;
    }
    return false;
  }

  /** Of the jobs that are still there. */
  async function readJobs(
    ids: readonly string[],
    names: readonly string[],
  ): Promise<{ id: string; fields: (string | null)[] }[]> {
    if (ids.length === 0) return [];
    const all = await run((jobs, redis) => Promise.all(ids.map((id) => redis.hmget(jobs.toKey(id), ...names))));
    return ids.flatMap((id, index) => {
      const fields = all[index] ?? [];
      return fields.every((field) => field === null) ? [] : [{ id, fields }];
    });
  }
}

function readScheduled(data: string | null | undefined): Scheduled | undefined {
  const read = readData(data);
  const [message] = read?.messages ?? [];
  if (read === undefined || message === undefined) return undefined;
  return { id: message.id, deliverAtMs: read.deliverAtMs, expiresAtMs: message.expiresAtMs };
}

function readData(json: string | null | undefined): ReturnType<typeof readJobData> {
  try {
    return readJobData(JSON.parse(json ?? 'null'));
  } catch {
    return undefined;
  }
}
