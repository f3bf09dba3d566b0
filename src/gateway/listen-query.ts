import { z } from 'zod';
import { grantedTypes } from '../auth/granted-types.ts';
import { askedUidSchema, typeListSchema, typeNamesSchema } from '../auth/listen-schema.ts';
import type { Grant } from '../auth/listener-auth.ts';
import type { ErrorCode } from '../wire/errors.ts';
import { maxUidBytes as longestUidBytes } from '../wire/limits.ts';

/** Who listens, and to what. */
export interface ListenRequest {
  readonly uid: string;
  readonly types: readonly string[];
  /** Undefined: plain mode. Tracked mode: the last `mid` that the client has handled, or null for a newcomer. */
  readonly cursor: number | null | undefined;
}

export type ListenQuery =
  | { readonly ok: true; readonly request: ListenRequest }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly message: string;
      /** Its uid is longer than --max-uid. */
      readonly isOverUid?: true;
    };

/** The predecessor's form, `?d={"uid":"1","types":["notice"]}`. Members that it does not know are ignored, as it did. */
const documentSchema = z.object({ uid: askedUidSchema.optional(), types: typeListSchema.default([]) });

const parameterSchema = z.object({
  uid: askedUidSchema.optional(),
  types: z
    .string()
    .default('')
    .transform((names) => names.split(',').filter((name) => name !== ''))
    .pipe(typeNamesSchema),
});

/**
 * Reads the query of `/ws`: `d=` or `uid=`, `types=`, and `mid=`. Who was asked has the uid of his grant, which he may repeat, and of its
 * types those that he asks for. Never throws; a refusal says what to write instead.
 */
export function readListenQuery(
  parameters: URLSearchParams,
  grant?: Grant,
  maxUidBytes: number = longestUidBytes,
): ListenQuery {
  const cursor = readCursor(parameters.get('mid'));
  if (Number.isNaN(cursor)) return refused('mid must be a message number, or empty for a newcomer');
  const document = parameters.get('d');
  const result = document === null ? readParameters(parameters) : readDocument(document);
  if (typeof result === 'string') return refused(result);
  const uid = grant?.uid ?? result.uid;
  if (uid === undefined) return refused(noUid[document === null ? 'parameters' : 'document']);
  if (result.uid !== undefined && result.uid !== uid)
    return forbidden('uid is not the one that is granted: leave it out');
  if (Buffer.byteLength(uid) > maxUidBytes) {
    const message = `${document === null ? '' : 'in d: '}uid must be at most ${maxUidBytes} bytes`;
    return { ...refused(message), isOverUid: true };
  }
  const types = grantedTypes(result.types, grant?.types ?? null);
  if (types === undefined) return forbidden('types holds one that is not granted');
  return { ok: true, request: { uid, types, cursor } };
}

/** The types that a client asks for over its connection, where only some may be granted; undefined: that cannot be. */
export function readTypes(types: unknown, granted: readonly string[] | null): readonly string[] | undefined {
  const asked = typeNamesSchema.safeParse(types).data;
  return asked && grantedTypes(asked, granted);
}

const noUid = {
  parameters: 'there is no uid: connect to /ws?uid=1&types=notice',
  document: 'in d: uid must be a string, or a whole number below 2^53',
} as const;

interface Asked {
  readonly uid?: string | undefined;
  readonly types: readonly string[];
}

function readParameters(parameters: URLSearchParams): Asked | string {
  const result = parameterSchema.safeParse({
    uid: parameters.get('uid') ?? undefined,
    types: parameters.get('types') ?? undefined,
  });
  return result.success ? result.data : describe(result.error);
}

function readDocument(text: string): Asked | string {
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

function refused(message: string): Extract<ListenQuery, { ok: false }> {
  return { ok: false, code: 'invalid_listen', message: `${message}.` };
}

function forbidden(message: string): ListenQuery {
  return { ok: false, code: 'forbidden', message: `${message}.` };
}
