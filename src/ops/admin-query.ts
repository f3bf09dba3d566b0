import { z } from 'zod';
import type { ErrorDetail } from '../wire/errors.ts';
import { maxUidBytes } from '../wire/limits.ts';
import type { AdminError } from './admin-answer.ts';
import { maxUids } from './message-reader.ts';

/** How many items of a list one answer holds, at most and unless asked. Failed items may be large: each is read whole. */
export const maxListItems = 1000;
const usualListItems = 100;

const uid = z
  .string({ error: 'must be a string' })
  .min(1, { error: 'must not be empty' })
  .refine((text) => Buffer.byteLength(text) <= maxUidBytes, { error: `must be at most ${maxUidBytes} bytes` });

/** As in an envelope, a number is read as its decimal text. */
const uidOrNumber = z.preprocess((value) => (Number.isSafeInteger(value) ? String(value) : value), uid);

const listOf = <Item extends z.ZodType>(item: Item) =>
  z
    .array(item, { error: 'must be a list of uids' })
    .min(1, { error: 'must name at least one uid' })
    .max(maxUids, { error: `must name at most ${maxUids} uids` });

/** A parameter that may be repeated comes as a string or as a list. */
const repeated = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());

const wholeNumber = (max: number, usual: number) =>
  z
    .string({ error: 'must be given once' })
    .regex(/^\d{1,9}$/, { error: 'must be a whole number' })
    .transform(Number)
    .pipe(z.number().max(max, { error: `must be at most ${max}` }))
    .default(usual);

const nothing = z.strictObject({});

/** `?hurry`, with or without a value. */
const drain = z.strictObject({
  hurry: z
    .enum(['', 'true', 'false'], { error: 'takes no value' })
    .transform((value) => value !== 'false')
    .default(false),
});

const list = z.strictObject({ from: wholeNumber(999_999_999, 0), limit: wholeNumber(maxListItems, usualListItems) });

/** `uids` is split at commas; `uid` is taken as it is, for uids that hold one. */
const uids = z
  .strictObject({ uids: repeated.optional(), uid: repeated.optional() })
  .transform((query) =>
    query.uids === undefined && query.uid === undefined
      ? undefined
      : [...(query.uids ?? []).flatMap((text) => text.split(',')), ...(query.uid ?? [])],
  )
  .pipe(listOf(uid).optional());

const uidsBody = z.strictObject({ uids: listOf(uidOrNumber) }, { error: (issue) => objectError(issue.code) });

export const adminQueries = { nothing, drain, list, uids, uidsBody };

export type ReadQuery<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: AdminError };

/** Reads the query of an admin request, or what stands in its place. A parameter that is not known is refused, not ignored. */
export function readQuery<T>(schema: z.ZodType<T>, query: unknown): ReadQuery<T> {
  const result = schema.safeParse(query);
  if (result.success) return { ok: true, value: result.data };
  const details = result.error.issues.flatMap(toDetails);
  const [first] = details;
  const message = `The request is wrong: ${[first?.path, first?.message].filter(Boolean).join(' ')}.`;
  return { ok: false, error: { code: 'invalid_query', message, details } };
}

/** The longest name that is repeated in an answer. */
const maxNameLength = 100;

/** The most details of one answer. */
const maxDetails = 20;

function toDetails(issue: z.core.$ZodIssue, index: number): ErrorDetail[] {
  if (index >= maxDetails) return [];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, maxDetails)
      .map((key) => ({ path: key.slice(0, maxNameLength), message: 'is not known here' }));
  }
  const [name = 'uids', at] = issue.path;
  const path =
    typeof name === 'number' ? `uids[${name}]` : typeof at === 'number' ? `${String(name)}[${at}]` : String(name);
  return [{ path, message: issue.message }];
}

function objectError(code: string): string | undefined {
  return code === 'invalid_type' ? 'must be a JSON object with the member uids' : undefined;
}
