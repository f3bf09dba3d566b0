import type { Message } from '../message/message.ts';

/**
 * A message as text, in two parts: what is looked at, as one line of JSON
 * (`[id, type, expiresAtMs, uids | 0, fingerprint, retracts]`), and the push,
 * unchanged. Neither part holds a line end, so that lines can hold many messages with no escaping of the larger part.
 */
export interface MessageRecord {
  readonly meta: string;
  readonly push: string;
}

/** Throws a TypeError for a push with a line end, which `createMessage` never makes: it would break the lines of others. */
export function encodeRecord({ id, fingerprint, uids, type, expiresAtMs, push, retracts }: Message): MessageRecord {
  if (push.includes('\n')) throw new TypeError(`the push text of message ${JSON.stringify(id)} has a line end`);
  return { meta: JSON.stringify([id, type, expiresAtMs, uids ?? 0, fingerprint, retracts]), push };
}

/** Undefined for anything that `encodeRecord` did not write. */
export function decodeRecord({ meta, push }: MessageRecord): Message | undefined {
  const fields = parse(meta);
  if (!Array.isArray(fields)) return undefined;
  const [id, type, expiresAtMs, uids, fingerprint, retracts]: unknown[] = fields;
  if (typeof id !== 'string' || typeof type !== 'string' || typeof fingerprint !== 'string') return undefined;
  if (typeof expiresAtMs !== 'number' || typeof retracts !== 'number') return undefined;
  if (uids !== 0 && !isTexts(uids)) return undefined;
  return { id, fingerprint, uids: uids === 0 ? null : uids, type, expiresAtMs, push, retracts, deliverAtMs: 0 };
}

/** Many messages as lines, two for each. O(length). */
export function encodeRecords(messages: readonly Message[]): string {
  const lines: string[] = [];
  for (const message of messages) {
    const { meta, push } = encodeRecord(message);
    lines.push(meta, push);
  }
  return lines.join('\n');
}

/** Undefined when one of them is not a record: nothing is known about the others then. */
export function decodeRecords(text: string): Message[] | undefined {
  const lines = text.split('\n');
  const messages: Message[] = [];
  for (let at = 0; at < lines.length; at += 2) {
    const message = decodeLines(lines, at);
    if (message === undefined) return undefined;
    messages.push(message);
  }
  return messages;
}

function decodeLines(lines: readonly string[], at: number): Message | undefined {
  const meta = lines[at];
  const push = lines[at + 1];
  return meta === undefined || push === undefined ? undefined : decodeRecord({ meta, push });
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Undefined for anything but a JSON list of strings. */
export function readTexts(json: string): readonly string[] | undefined {
  const value = parse(json);
  return isTexts(value) ? value : undefined;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
