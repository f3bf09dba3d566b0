import { z } from 'zod';
import type { Grant } from '../auth/listener-auth.ts';
import type { ErrorCode } from '../wire/errors.ts';
import { defaultType } from '../wire/frames.ts';
import { maxListenTypes, maxTypeLength, maxUidBytes } from '../wire/limits.ts';

/** Who listens, and to what. */
export interface ListenRequest {
  readonly uid: string;
  readonly types: readonly string[];
  /** Undefined: plain mode. Tracked mode: the last `mid` that the client has handled, or null for a newcomer. */
  readonly cursor: number | null | undefined;
}

export type ListenQuery =
  | { readonly ok: true; readonly request: ListenRequest }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

const uidSchema = z
  .union([z.string(), z.number().refine(Number.isSafeInteger).transform(String)], {
    error: 'must be a string, or a whole number below 2^53',
  })
  .refine((uid) => uid !== '', { error: 'must not be empty' })
  .refine((uid) => Buffer.byteLength(uid) <= maxUidBytes, { error: `must be at most ${maxUidBytes} bytes` })
  .refine((uid) => uid.isWellFormed(), { error: 'must not contain a lone surrogate' });

/** What an envelope's `types` may be, or `*`. A name with a comma could be sent by nobody. */
const typeName = z
  .string()
  .min(1, { error: 'must not hold an empty name' })
  .max(maxTypeLength, { error: `must be names of at most ${maxTypeLength} characters` })
  .refine((name) => !name.includes(','), { error: 'must be a list of names without commas' });

const typesSchema = z
  .array(typeName)
  .max(maxListenTypes, { error: `must be at most ${maxListenTypes} names; * means all` })
  .transform((types) => (types.length === 0 ? [defaultType] : types));

/** The predecessor's form, `?d={"uid":"1","types":["notice"]}`. Members that it does not know are ignored, as it did. */
const documentSchema = z.object({
  uid: uidSchema,
  types: z
    .union([z.string().transform((names) => names.split(',')), z.array(z.string())], {
      error: 'must be a list of names',
    })
    .default([])
    .pipe(typesSchema),
});

const parameterSchema = z.object({
  uid: uidSchema,
  types: z
    .string()
    .default('')
    .transform((names) => names.split(',').filter((name) => name !== ''))
    .pipe(typesSchema),
});

/**
 * Reads the query of `/ws`: `d=` or `uid=`, `types=`, and `mid=`. Who was asked has the uid and types of its grant. Never throws; a
 * refusal says what to write instead.
 */
export function readListenQuery(parameters: URLSearchParams, grant?: Grant): ListenQuery {
  if (grant !== undefined) return refused('tokens are not known yet');
  const cursor = readCursor(parameters.get('mid'));
  if (Number.isNaN(cursor)) return refused('mid must be a message number, or empty for a newcomer');
  const document = parameters.get('d');
  const result = document === null ? readParameters(parameters) : readDocument(document);
  if (typeof result === 'string') return refused(result);
  return { ok: true, request: { ...result, cursor } };
}

/** True for types that a listener may ask for. */
export function readTypes(types: unknown): readonly string[] | undefined {
  return typesSchema.safeParse(types).data;
}

type Who = Pick<ListenRequest, 'uid' | 'types'>;

function readParameters(parameters: URLSearchParams): Who | string {
  if (!parameters.has('uid')) return 'there is no uid: connect to /ws?uid=1&types=notice';
  const result = parameterSchema.safeParse({
    uid: parameters.get('uid'),
    types: parameters.get('types') ?? undefined,
  });
  return result.success ? result.data : describe(result.error);
}

function readDocument(text: string): Who | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'd must be JSON: connect to /ws?d={"uid":"1","types":["notice"]}';
  }
  const result = documentSchema.safeParse(value);
  return result.success ? result.data : `in d: ${describe(result.error)}`;
}

/** NaN: not a cursor. */
function readCursor(text: string | null): number | null | undefined {
  if (text === null) return undefined;
  if (text === '') return null;
  const mid = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(mid) ? mid : Number.NaN;
}

function describe(error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return 'it cannot be read';
  const path = issue.path.join('.');
  return path === '' ? 'it must be an object with a uid' : `${path} ${issue.message}`;
}

function refused(message: string): ListenQuery {
  return { ok: false, code: 'invalid_listen', message: `${message}.` };
}
