import { z } from 'zod';
import type { Question } from '../cluster/peers.ts';

const health = z.union([z.object({ ok: z.literal(true) }), z.object({ ok: z.literal(false), reason: z.string() })]);
const numbers = z.record(z.string(), z.number());
const keyCount = z.object({ accepted: z.number(), refused: z.number() });
const answer = z.object({
  worker: z.number(),
  readiness: health,
  gauges: numbers,
  counters: numbers,
  keys: z.record(z.string(), keyCount),
});

export type WorkerAnswer = z.infer<typeof answer>;

/** What a worker holds and has counted. Asked by its supervisor alone. */
export const workerQuestion: Question<null, WorkerAnswer> = { name: 'worker', about: z.null(), answer };
