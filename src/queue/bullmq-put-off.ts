import { DelayedError, type Job } from 'bullmq';
import type { Clock } from '../message/clock.ts';

/** How often it is looked whether the clock of the machine has come back. */
const lookEveryMs = 500;

/** Closer than this the two clocks agree: the guarded one then follows the machine's. */
const agreementMs = 1000;

/**
 * Puts jobs off that BullMQ has handed out too early: it goes by the machine's clock, which may have jumped. BullMQ can only put a job off
 * from the time that it believes in, so each is put right when the machine's clock has come back; until then this worker would
 * take it again at once.
 */
export function createPutOff(clock: Clock) {
  const early = new Map<string, { readonly job: Job<unknown>; readonly deliverAtMs: number }>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    if (Math.abs(Date.now() - clock.now()) > agreementMs) return;
    stop();
    const waiting = [...early.values()];
    early.clear();
    for (const { job, deliverAtMs } of waiting) {
      // Who is not waiting any more was taken by another worker, or cancelled.
      job.changeDelay(Math.max(0, Math.ceil(deliverAtMs - clock.now()))).catch(() => {});
    }
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    /** Resolves when the job is due; else it is put off, and a DelayedError says so to BullMQ. */
    async notBefore(job: Job<unknown>, deliverAtMs: number): Promise<void> {
      const waitMs = deliverAtMs === 0 ? 0 : deliverAtMs - clock.now();
      if (waitMs <= 0) return;
      await job.moveToDelayed(Date.now() + Math.ceil(waitMs), job.token);
      if (job.id !== undefined) early.set(job.id, { job, deliverAtMs });
      timer ??= setInterval(look, lookEveryMs).unref();
      throw new DelayedError();
    },
    stop,
  };
}
