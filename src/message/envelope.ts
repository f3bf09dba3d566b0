import { z } from 'zod';
import type { ErrorDetail } from '../wire/errors.ts';
import { everyType, defaultType } from '../wire/frames.ts';
import { maxIdLength, maxTimeLength, maxTypeLength } from '../wire/limits.ts';

/** A refusal names at most so many wrong things: enough to mend an envelope or a batch, not enough to be a load. */
export const maxDetails = 100;

/** The longest path that a refusal repeats, in UTF-16 units: the name of an unknown member may be as long as the body. */
const maxPathLength = 200;

/** The largest `timeout` that is still an instant (the end of ECMAScript time), in milliseconds. */
const maxInstantMs = 8_640_000_000_000_000;

/** The longest `delay`: a year. */
const maxDelaySeconds = 366 * 24 * 3600;

const wellFormed = (text: string): boolean => text.isWellFormed();
const notWellFormed = { error: 'must not contain a lone surrogate' };

const typeName = z
  .string()
  .min(1, { error: 'must not be empty' })
  .max(maxTypeLength, { error: `must be at most ${maxTypeLength} characters` })
  .refine((name) => name !== everyType && !name.includes(','), { error: 'must be one type name: no comma, not *' })
  .refine(wellFormed, notWellFormed);

const instant = (none: string) =>
  z
    .number({ error: `must be a number: Unix seconds, or milliseconds from 1e11 up; ${none}` })
    .min(0, { error: 'must not be negative' })
    .max(maxInstantMs, { error: 'is beyond the end of time' })
    .default(0);

const messageId = z
  .string()
  .regex(/^[\x21-\x7e]+$/, { error: 'must be printable ASCII without spaces' })
  .max(maxIdLength, { error: `must be at most ${maxIdLength} characters` });

const fields = {
  types: typeName.default(defaultType),
  msg: z.unknown(),
  timeout: instant('0 or absent means never'),
  deliver_at: instant('0 or absent means now'),
  delay: z
    .number({ error: 'must be a number of seconds' })
    .min(0, { error: 'must not be negative' })
    .max(maxDelaySeconds, { error: `must be at most ${maxDelaySeconds} seconds; use deliver_at` })
    .optional(),
  time: z
    .string()
    .max(maxTimeLength, { error: `must be at most ${maxTimeLength} characters` })
    .refine(wellFormed, notWellFormed)
    .optional(),
  id: messageId.optional(),
};

export interface EnvelopeOptions {
  readonly maxTopicIds: number;
  readonly maxUidBytes: number;
}

/** A setting that an envelope was over. */
export type EnvelopeLimit = 'overTopicIds' | 'overUid';

/** The schema of one envelope; unknown members are refused, so that a misspelt `timeout` cannot be lost silently. */
function envelopeSchema({ maxTopicIds, maxUidBytes }: EnvelopeOptions) {
  const fits = (uid: string): boolean => Buffer.byteLength(uid) <= maxUidBytes;
  const tooLong = {
    error: `must be at most ${maxUidBytes} bytes`,
    params: { over: 'overUid' satisfies EnvelopeLimit },
  };
  const uidText = z
    .string()
    .min(1, { error: 'must not be empty' })
    .refine(fits, tooLong)
    .refine(wellFormed, notWellFormed);
  // A number is read as its decimal text. Beyond 2^53 the text that the caller wrote is lost: refused, never rounded.
  const uidNumber = z
    .number()
    .refine((uid) => !Number.isInteger(uid) || Number.isSafeInteger(uid), {
      error: 'is too large for a number; write it as a string',
    })
    .transform(String)
    .refine(fits, tooLong);
  const schema = z.discriminatedUnion(
    'topic',
    [
      z.strictObject({
        topic: z.literal('uids'),
        topic_ids: z
          .array(z.union([uidText, uidNumber], { error: 'must be a string or a number' }), {
            error: 'must be a list of uids when topic is "uids"',
          })
          .min(1, { error: 'must name at least one uid' })
          .max(maxTopicIds, { error: `must name at most ${maxTopicIds} uids` }),
        ...fields,
      }),
      z.strictObject({ topic: z.literal('all'), topic_ids: z.unknown().optional(), ...fields }),
    ],
    { error: (issue) => (issue.code === 'invalid_union' ? 'must be "uids" or "all"' : 'must be a JSON object') },
  );
  return z.compile(schema);
}

export type Envelope = z.output<ReturnType<typeof envelopeSchema>>;
export type EnvelopeCheck = { readonly envelope: Envelope } | { readonly details: ErrorDetail[] };

/**
 * Compiles the check of one parsed JSON value against the envelope's schema. The check never throws; `details` are bounded. `onOver` is told
 * each setting that a value is over.
 */
export function createEnvelopeCheck(
  options: EnvelopeOptions,
  onOver: (limit: EnvelopeLimit) => void,
): (value: unknown) => EnvelopeCheck {
  const schema = envelopeSchema(options);
  return (value) => {
    const result = schema.safeParse(value);
    if (result.success) return { envelope: result.data };
    for (const limit of new Set(result.error.issues.flatMap(limitsOf))) onOver(limit);
    return { details: result.error.issues.flatMap(toDetails).slice(0, maxDetails) };
  };
}

function limitsOf(issue: z.core.$ZodIssue): EnvelopeLimit[] {
  const said = issue.code === 'invalid_union' ? (deepestIssue(issue.errors) ?? issue) : issue;
  if (said.code === 'custom' && said.params?.['over'] === 'overUid') return ['overUid'];
  return said.code === 'too_big' && issue.path.join() === 'topic_ids' ? ['overTopicIds'] : [];
}

function toDetails(issue: z.core.$ZodIssue): ErrorDetail[] {
  if (issue.code !== 'unrecognized_keys') return [toDetail(issue)];
  return issue.keys.map((key) => ({ path: key.slice(0, maxPathLength), message: 'is not a member of an envelope' }));
}

function toDetail(issue: z.core.$ZodIssue): ErrorDetail {
  const deepest = issue.code === 'invalid_union' ? deepestIssue(issue.errors) : undefined;
  const path = [...issue.path, ...(deepest?.path ?? [])];
  const missing = deepest === undefined && issue.code === 'invalid_type' && issue.message.endsWith('undefined');
  const message = (deepest ?? issue).message.replace(/^Invalid input: /, '');
  return { path: jsonPath(path), message: missing ? 'is required' : message };
}

/** Of a union's branches, the one that took the value's type and disliked its content says the most. */
function deepestIssue(branches: readonly (readonly z.core.$ZodIssue[])[]): z.core.$ZodIssue | undefined {
  const first = branches.map((issues) => issues[0]).filter((issue) => issue !== undefined);
  return first.find((issue) => issue.code !== 'invalid_type');
}

function jsonPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}
