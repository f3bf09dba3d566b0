import { z } from 'zod';
import { maxTypeLength, maxListenTypes, maxUidBytes } from '../wire/limits.ts';

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** No term is longer: who is to be shut out for longer is so for good. */
const maxTermMs = 10 * 365 * unitMs.d;

/** From this number up an instant counts milliseconds, below it seconds, as in an envelope. */
const firstMilliseconds = 1e11;

/** The longest life of a ticket that nobody has used. */
const maxTicketMs = unitMs.h;

export const uidSchema = z
  .string({ error: 'must be a string' })
  .min(1, { error: 'must not be empty' })
  .refine((uid) => Buffer.byteLength(uid) <= maxUidBytes, { error: `must be at most ${maxUidBytes} bytes` })
  .refine((uid) => uid.isWellFormed(), { error: 'must not contain a lone surrogate' });

const termForm = 'must be a number of seconds, or a text such as 90s, 15m, 12h or 7d';

/** Seconds as a number, or a text with a unit; in milliseconds. */
const term = z
  .union([z.number(), z.string()], { error: termForm })
  .transform((value, context) => {
    const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(typeof value === 'number' ? `${value}s` : value) ?? [];
    const ms = Number(count) * (unitMs[unit as keyof typeof unitMs] ?? Number.NaN);
    if (ms > 0) return ms;
    context.addIssue({ code: 'custom', message: termForm });
    return z.NEVER;
  })
  .refine((ms) => ms <= maxTermMs, { error: 'must be at most 3650d; without it, it is for good' });

const instant = z
  .number({ error: 'must be a number: Unix seconds, or milliseconds from 1e11 up' })
  .nonnegative({ error: 'must not be negative' })
  .max(Number.MAX_SAFE_INTEGER, { error: 'is too large' })
  .transform((value) => Math.ceil(value < firstMilliseconds ? value * 1000 : value));

const objectError = (issue: { readonly code?: string | undefined }): string | undefined =>
  issue.code === 'invalid_type' ? 'must be a JSON object' : undefined;

const block = z.strictObject({ ttl: term.optional() }, { error: objectError });
const revoke = z.strictObject({ before: instant.optional() }, { error: objectError });

const typeName = z
  .string({ error: 'must be a name' })
  .min(1, { error: 'must not be empty' })
  .max(maxTypeLength, { error: `must be at most ${maxTypeLength} characters` })
  .refine((name) => !name.includes(','), { error: 'must not hold a comma' });

const ticket = z.strictObject(
  {
    uid: z.preprocess((value) => (Number.isSafeInteger(value) ? String(value) : value), uidSchema),
    types: z
      .preprocess(
        (value) => (typeof value === 'string' ? value.split(',') : value),
        z
          .array(typeName, { error: 'must be a list of names' })
          .min(1, { error: 'must name at least one; leave it out for all' })
          .max(maxListenTypes, { error: `must be at most ${maxListenTypes} names` }),
      )
      .optional(),
    ttl: term.refine((ms) => ms <= maxTicketMs, { error: 'must be at most 1h' }).default(60_000),
    max_connections: z
      .number({ error: 'must be a number' })
      .int({ error: 'must be a whole number' })
      .min(1, { error: 'must be at least 1' })
      .max(10_000_000, { error: 'must be at most 10000000' })
      .optional(),
  },
  { error: objectError },
);

/** What the bodies of these requests may hold. */
export const userQueries = { block, revoke, ticket };
