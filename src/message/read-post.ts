import { isAscii, isUtf8 } from 'node:buffer';
import type { ErrorCode, ErrorDetail } from '../wire/errors.ts';
import { createEnvelopeCheck, maxDetails } from './envelope.ts';
import type { Message } from './message.ts';
import { createMessage } from './message.ts';
import { rawItems, rawMember } from './raw-members.ts';

export type PostFormat = 'json' | 'ndjson';

export type ReadPost =
  | { readonly ok: true; readonly messages: readonly Message[]; readonly isBatch: boolean }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly details?: ErrorDetail[] };

export interface ReadPostOptions {
  readonly maxTopicIds: number;
  readonly maxBatch: number;
}

export interface ReadPostDeps {
  readonly newId: () => string;
  readonly wallClock: () => string;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/**
 * Makes the function from a body to messages: one envelope, an array, or NDJSON. A batch is taken whole or refused whole.
 * `key` is the request's Idempotency-Key: the id of a single envelope, the stem of a batch's ids (`key/0`, `key/1`, …).
 * Never throws.
 */
export function createPostReader({ newId, wallClock, now }: ReadPostDeps, { maxTopicIds, maxBatch }: ReadPostOptions) {
  const check = createEnvelopeCheck(maxTopicIds);

  function one(text: string, value: unknown, key: string | undefined, time: string): Message | ErrorDetail[] {
    const result = check(value);
    if ('details' in result) return result.details;
    const { envelope } = result;
    if (key !== undefined && envelope.id !== undefined && envelope.id !== key) {
      return [{ path: 'id', message: 'differs from the header Idempotency-Key' }];
    }
    const rawMsg = rawMember(text, 'msg');
    if (rawMsg === undefined) return [{ path: 'msg', message: 'is required' }];
    if (envelope.delay !== undefined && envelope.deliver_at !== 0) {
      return [{ path: 'delay', message: 'and deliver_at exclude each other' }];
    }
    const given = envelope.id ?? key;
    const isCallersId = given !== undefined;
    const message = createMessage({ envelope, id: given ?? newId(), isCallersId, rawMsg, time, nowMs: now() });
    if (message.expiresAtMs !== 0 && message.deliverAtMs >= message.expiresAtMs) {
      return [{ path: 'timeout', message: 'is not after the time of delivery' }];
    }
    return message;
  }

  function batch(texts: readonly string[], values: readonly unknown[], key: string | undefined): ReadPost {
    if (values.length === 0) return invalid([{ path: '', message: 'an empty batch has nothing to send' }]);
    if (values.length > maxBatch)
      return invalid([{ path: '', message: `a batch holds at most ${maxBatch} envelopes` }]);
    const time = wallClock();
    const messages: Message[] = [];
    const details: ErrorDetail[] = [];
    const ids = new Set<string>();
    for (let index = 0; index < values.length && details.length < maxDetails; index += 1) {
      const made = one(texts[index] ?? '', values[index], key === undefined ? undefined : `${key}/${index}`, time);
      if (Array.isArray(made)) {
        for (const detail of made) details.push({ index, ...detail });
      } else if (ids.has(made.id)) {
        details.push({ index, path: 'id', message: 'stands twice in this batch' });
      } else {
        ids.add(made.id);
        messages.push(made);
      }
    }
    return details.length > 0 ? invalid(details.slice(0, maxDetails)) : { ok: true, messages, isBatch: true };
  }

  return function readPost(body: Buffer, format: PostFormat, key: string | undefined): ReadPost {
    const text = decode(body);
    if (text === undefined) return { ok: false, code: 'invalid_json', message: 'The body is not valid UTF-8.' };
    try {
      if (format === 'ndjson') {
        const { lines, values } = readLines(text);
        return batch(lines, values, key);
      }
      const value: unknown = JSON.parse(text);
      if (Array.isArray(value)) return batch(rawItems(text), value, key);
      const made = one(text, value, key, wallClock());
      return Array.isArray(made) ? invalid(made) : { ok: true, messages: [made], isBatch: false };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return { ok: false, code: 'invalid_json', message: `The body is not JSON: ${error.message}.` };
    }
  };
}

export type PostReader = ReturnType<typeof createPostReader>;

/** Undefined: not UTF-8. ASCII, which most bodies are, is decoded by the cheaper copy. */
function decode(body: Buffer): string | undefined {
  if (isAscii(body)) return body.toString('latin1');
  return isUtf8(body) ? body.toString('utf8') : undefined;
}

/** The lines that hold something, and their values. Throws a SyntaxError that counts lines as an editor does. */
function readLines(text: string): { lines: string[]; values: unknown[] } {
  const lines: string[] = [];
  const values: unknown[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (/^[ \t\r]*$/.test(line)) continue;
    lines.push(line);
    values.push(parseLine(line, index));
  }
  return { lines, values };
}

function parseLine(line: string, index: number): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new SyntaxError(`line ${index + 1}: ${error instanceof Error ? error.message : 'unreadable'}`);
  }
}

function invalid(details: ErrorDetail[]): ReadPost {
  const [first] = details;
  const item = first?.index === undefined ? '' : `item ${first.index}:`;
  const words = [item, first?.path, first?.message].filter((word) => word !== undefined && word !== '');
  return { ok: false, code: 'invalid_envelope', message: `This is not an envelope: ${words.join(' ')}.`, details };
}
