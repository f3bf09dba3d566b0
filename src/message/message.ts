import { createHash } from 'node:crypto';
import type { Envelope } from './envelope.ts';

/** An accepted envelope. Immutable; every instance that holds it may share it. */
export interface Message {
  /** The caller's id, or a UUIDv7. While it is remembered an append of the same id is a duplicate, or a conflict. */
  readonly id: string;
  /**
   * Of what the caller posted under an id of its own, which may come again: the same id with another fingerprint is another message
   * and refused. Empty: the id is ours and unique.
   */
  readonly fingerprint: string;
  /** The users it is for, without repeats; null: all. */
  readonly uids: readonly string[] | null;
  /** The type name (the envelope's `types`). */
  readonly type: string;
  /** The instant from which it must not be delivered, in Unix milliseconds; 0: never. */
  readonly expiresAtMs: number;
  /**
   * What a plain connection receives: one line of JSON text, `{"types":…,"msg":…,"time":…}`. Of a retraction, which plain connections
   * do not receive: `{"event":"retract","id":…}`.
   */
  readonly push: string;
  /** The mid of the entry that this message takes back; 0: it is an ordinary one. */
  readonly retracts: number;
  /** The instant before which it must not be handed on, in Unix milliseconds; 0: now. Only the queue looks at it. */
  readonly deliverAtMs: number;
}

/** From this number up an instant counts milliseconds, below it seconds (1e11 seconds is the year 5138). */
const firstMilliseconds = 1e11;

/** Characters of base64url: 132 bits, of which nobody finds two alike. */
const fingerprintLength = 22;

/** An instant as an envelope has it (`timeout`, `deliver_at`), in Unix milliseconds; 0 stays 0. */
export function instantOf(time: number): number {
  return time < firstMilliseconds ? time * 1000 : time;
}

export interface MessageParts {
  readonly envelope: Envelope;
  readonly id: string;
  readonly isCallersId: boolean;
  /** The text of `msg` as the caller wrote it. */
  readonly rawMsg: string;
  /** What `time` is when the envelope has none. */
  readonly time: string;
  /** Unix milliseconds, from which a `delay` counts. */
  readonly nowMs: number;
}

/** Makes the message of a checked envelope. O(topic_ids + length of msg). */
export function createMessage({ envelope, id, isCallersId, rawMsg, time, nowMs }: MessageParts): Message {
  const type = envelope.types;
  return {
    id,
    fingerprint: isCallersId ? fingerprintOf(envelope, rawMsg) : '',
    uids: envelope.topic === 'uids' ? distinct(envelope.topic_ids) : null,
    type,
    expiresAtMs: instantOf(envelope.timeout),
    push: `{"types":${jsonText(type)},"msg":${oneLine(rawMsg)},"time":${jsonText(envelope.time ?? time)}}`,
    retracts: 0,
    deliverAtMs: deliveryOf(envelope, nowMs),
  };
}

/** The message that takes an entry back: for the same connections, and the first news of it to those who come later. */
export function createRetraction({ mid, message }: { mid: number; message: Message }, id: string): Message {
  const push = `{"event":"retract","id":${JSON.stringify(message.id)}}`;
  return { ...message, id, fingerprint: '', push, retracts: mid, deliverAtMs: 0 };
}

function deliveryOf({ deliver_at: deliverAt, delay }: Envelope, nowMs: number): number {
  return delay === undefined ? instantOf(deliverAt) : Math.ceil(nowMs + delay * 1000);
}

/** The time that the instance fills in is not the caller's, and differs from one try to the next. */
function fingerprintOf(envelope: Envelope, rawMsg: string): string {
  const uids = envelope.topic === 'uids' ? envelope.topic_ids : 0;
  const { types, timeout, time, deliver_at: deliverAt, delay } = envelope;
  const posted = JSON.stringify([uids, types, timeout, time ?? 0, deliverAt, delay ?? 0]);
  return createHash('sha256')
    .update(posted)
    .update('\n')
    .update(rawMsg)
    .digest('base64url')
    .slice(0, fingerprintLength);
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
