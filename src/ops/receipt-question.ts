import { z } from 'zod';
import type { Question } from '../cluster/peers.ts';
import type { Receipt } from '../hub/receipts.ts';
import { dropPlaces, dropReasons, type Drops } from './drops.ts';

const about = z.object({ id: z.string(), mid: z.number() });
const count = z.number().int().nonnegative();
const answer = z.object({
  /** When the instance began to count, in Unix milliseconds. */
  sinceMs: z.number(),
  /** Null: it was not told of the entry, or too long ago. */
  receipt: z.object({ matched: count, written: count }).nullable(),
  drop: z.object({ reason: z.enum(dropReasons), where: z.enum(dropPlaces), atMs: z.number() }).nullable(),
});

export type ReceiptAnswer = z.infer<typeof answer>;

/** What an instance has in its memory about a message. `mid` 0: it has none yet. */
export const receiptQuestion: Question<z.infer<typeof about>, ReceiptAnswer> = { name: 'receipt', about, answer };

export interface ReceiptAnswerDeps {
  readonly receipt: (mid: number) => Receipt | undefined;
  readonly drops: Drops;
  readonly sinceMs: number;
}

/** Answers `receiptQuestion` for this instance. */
export function createReceiptAnswer({ receipt, drops, sinceMs }: ReceiptAnswerDeps) {
  return ({ id, mid }: z.infer<typeof about>): ReceiptAnswer => ({
    sinceMs,
    receipt: (mid === 0 ? undefined : receipt(mid)) ?? null,
    drop: drops.get(id) ?? null,
  });
}
