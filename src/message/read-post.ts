import { isAscii, isUtf8 } from 'node:buffer';
import type { ErrorCode, ErrorDetail } from '../wire/errors.ts';
import { createEnvelopeCheck, maxDetails, type EnvelopeLimit, type EnvelopeOptions } from './envelope.ts';
import type { Message } from './message.ts';
import { createMessage } from './message.ts';
import { rawItems, rawMember } from './raw-members.ts';

export type PostFormat = 'json' | 'ndjson';

export type ReadPost =
  | { readonly ok: true; readonly messages: readonly Message[]; readonly isBatch: boolean }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly details?: ErrorDetail[] };

/** What the ids of a post are made of, beside what stands in its envelopes. */
export interface PostIds {
  /** The request's Idempotency-Key: the id of a single envelope, the stem of a batch's ids (`key/0`, `key/1`, …). */
  readonly key?: string | undefined;
  /** The same for envelopes that name no id themselves, where there is no key. */
  readonly fallback?: string | undefined;
  /** Stands before every id that is not ours. */
  readonly prefix?: string;
}

export interface ReadPostOptions extends EnvelopeOptions {
  readonly maxBatch: number;
  readonly maxMessageBytes: number;
}

/** A setting that a post was over. */
export type PostLimit = EnvelopeLimit | 'overBatch' | 'overMessage';

export interface ReadPostDeps {
  readonly newId: () => string;
  readonly wallClock: () => string;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Told each setting that a batch or an envelope is over. */
  readonly onOver: (limit: PostLimit) => void;
}

/**
 * Makes the function from a body to messages: one envelope, an array, or NDJSON. A batch is taken whole or refused whole.
 * Never throws.
 */
export function createPostReader({ newId, wallClock, now, onOver }: ReadPostDeps, options: ReadPostOptions) {
  const { maxBatch, maxMessageBytes } = options;
  const check = createEnvelopeCheck(options, onOver);

  function one(text: string, value: unknown, ids: PostIds, time: string): Message | ErrorDetail[] {
    const { key, fallback, prefix = '' } = ids;
    const result = check(value);
    if ('details' in result) return result.details;
    const { envelope } = result;
    if (key !== undefined && envelope.id !== undefined && envelope.id !== key) {
      return [{ path: 'id', message: 'differs from the header Idempotency-Key' }];
    }
    const rawMsg = rawMember(text, 'msg');
    if (rawMsg === undefined) return [{ path: 'msg', message: 'is required' }];
    if (isLonger(rawMsg, maxMessageBytes)) {
      onOver('overMessage');
      return [{ path: 'msg', message: `must be at most ${maxMessageBytes} bytes (--max-message)` }];
    }
    if (envelope.delay !== undefined && envelope.deliver_at !== 0) {
      return [{ path: 'delay', message: 'and deliver_at exclude each other' }];
    }
    const given = envelope.id ?? key ?? fallback;
    const isCallersId = given !== undefined;
    const id = given === undefined ? newId() : prefix + given;
    const message = createMessage({ envelope, id, isCallersId, rawMsg, time, nowMs: now() });
    if (message.expiresAtMs !== 0 && message.deliverAtMs >= message.expiresAtMs) {
      return [{ path: 'timeout', message: 'is not after the time of delivery' }];
    }
    return message;
  }

  function batch(texts: readonly string[], values: readonly unknown[], ids: PostIds): ReadPost {
    if (values.length === 0) return invalid([{ path: '', message: 'an empty batch has nothing to send' }]);
    if (values.length > maxBatch) {
      onOver('overBatch');
      return invalid([{ path: '', message: `a batch holds at most ${maxBatch} envelopes` }]);
    }
    const time = wallClock();
    const messages: Message[] = [];
    const details: ErrorDetail[] = [];
    const made = new Set<string>();
    for (let index = 0; index < values.length && details.length < maxDetails; index += 1) {
      const message = one(texts[index] ?? '', values[index], idsOfItem(ids, index), time);
      if (Array.isArray(message)) {
        for (const detail of message) details.push({ index, ...detail });
      } else if (made.has(message.id)) {
        details.push({ index, path: 'id', message: 'stands twice in this batch' });
      } else {
        made.add(message.id);
        messages.push(message);
      }
    }
    return details.length > 0 ? invalid(details.slice(0, maxDetails)) : { ok: true, messages, isBatch: true };
  }

  return function readPost(body: Buffer, format: PostFormat, ids: PostIds = noIds): ReadPost {
    const text = decode(body);
    if (text === undefined) return { ok: false, code: 'invalid_json', message: 'The body is not valid UTF-8.' };
    try {
      if (format === 'ndjson') {
        const { lines, values } = readLines(text);
        return batch(lines, values, ids);
      }
      const value: unknown = JSON.parse(text);
      if (Array.isArray(value)) return batch(rawItems(text), value, ids);
      const made = one(text, value, ids, wallClock());
      return Array.isArray(made) ? invalid(made) : { ok: true, messages: [made], isBatch: false };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return { ok: false, code: 'invalid_json', message: `The body is not JSON: ${error.message}.` };
    }
  };
}

export type PostReader = ReturnType<typeof createPostReader>;

const noIds: PostIds = {};

function idsOfItem(ids: PostIds, index: number): PostIds {
  const { key, fallback } = ids;
  if (key === undefined && fallback === undefined) return ids;
  const at = (stem: string | undefined): string | undefined => (stem === undefined ? undefined : `${stem}/${index}`);
  return { ...ids, key: at(key), fallback: at(fallback) };
}

/** In UTF-8, where no character has more than three bytes for each of its UTF-16 units. */
function isLonger(text: string, maxBytes: number): boolean {
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;
}

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
