import type { Envelope } from './envelope.ts';

/** An accepted envelope. Immutable; every instance that holds it may share it. */
export interface Message {
  /** The caller's id, or a UUIDv7. Unique within the retention: an append of the same id is a duplicate. */
  readonly id: string;
  /** The caller chose the id, and may send it again; else it is ours and unique. */
  readonly hasCallersId: boolean;
  /** The users it is for, without repeats; null: all. */
  readonly uids: readonly string[] | null;
  /** The type name (the envelope's `types`). */
  readonly type: string;
  /** The instant from which it must not be delivered, in Unix milliseconds; 0: never. */
  readonly expiresAtMs: number;
  /** What a plain connection receives: one line of JSON text, `{"types":…,"msg":…,"time":…}`. */
  readonly push: string;
}

/** From this number up a `timeout` counts milliseconds, below it seconds (1e11 seconds is the year 5138). */
const firstMilliseconds = 1e11;

/** `timeout` as an envelope has it, in Unix milliseconds; 0 stays 0 and means never. */
export function expiryOf(timeout: number): number {
  return timeout < firstMilliseconds ? timeout * 1000 : timeout;
}

/** True from the instant of expiry on. */
export function isExpired(message: Message, nowMs: number): boolean {
  return message.expiresAtMs !== 0 && message.expiresAtMs <= nowMs;
}

export interface MessageParts {
  readonly envelope: Envelope;
  readonly id: string;
  readonly hasCallersId: boolean;
  /** The text of `msg` as the caller wrote it. */
  readonly rawMsg: string;
  /** What `time` is when the envelope has none. */
  readonly time: string;
}

/** Makes the message of a checked envelope. O(topic_ids + length of msg). */
export function createMessage({ envelope, id, hasCallersId, rawMsg, time }: MessageParts): Message {
  const type = envelope.types;
  return {
    id,
    hasCallersId,
    uids: envelope.topic === 'uids' ? distinct(envelope.topic_ids) : null,
    type,
    expiresAtMs: expiryOf(envelope.timeout),
    push: `{"types":${jsonText(type)},"msg":${oneLine(rawMsg)},"time":${jsonText(envelope.time ?? time)}}`,
  };
}

function distinct(uids: readonly string[]): readonly string[] {
  return uids.length === 1 ? uids : [...new Set(uids)];
}

/** Plain text needs no escape: most type names and times are, and this is on the line of every post. */
function jsonText(text: string): string {
  return /^[\w :.+-]*$/.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** In valid JSON a line end is only ever space between tokens, so a space in its place changes no value. */
function oneLine(json: string): string {
  return json.includes('\n') || json.includes('\r') ? json.replace(/[\r\n]/g, ' ') : json;
}
