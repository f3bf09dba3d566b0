import type { Entry } from '../journal/journal.ts';
import type { ReconnectEvent, TokenEvent } from '../wire/frames.ts';

/** First bytes of an unfragmented server frame (RFC 6455, section 5.2): FIN and the opcode. */
const finText = 0x81;
const finPing = 0x89;
const finPong = 0x8a;

/** Every ping is the same two bytes: no payload, so nothing to remember. */
export const pingFrame: Buffer = Buffer.from([finPing, 0]);

/** A pong carries the ping's payload, 125 bytes at most: a control frame cannot have more. */
export function pongFrame(payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(2 + payload.length);
  frame[0] = finPong;
  frame[1] = payload.length;
  frame.set(payload, 2);
  return frame;
}

/** Header and UTF-8 payload in one Buffer, ready for any number of sockets. Server frames are not masked. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const headerBytes = length < 126 ? 2 : length < 0x1_0000 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerBytes + length);
  frame[0] = finText;
  if (headerBytes === 2) {
    frame[1] = length;
  } else if (headerBytes === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(length / 0x1_0000_0000), 2);
    frame.writeUInt32BE(length % 0x1_0000_0000, 6);
  }
  // ASCII has as many bytes as characters, and latin1 is the cheaper copy then.
  frame.write(text, headerBytes, length === text.length ? 'latin1' : 'utf8');
  return frame;
}

/** What a plain connection receives for an entry. */
export function plainFrame({ message }: Entry): Buffer {
  return textFrame(message.push);
}

/** What a tracked connection receives for an entry: the push text with `mid` and `id` before it, or the event with its `mid`. */
export function trackedFrame({ mid, message }: Entry): Buffer {
  if (message.retracts !== 0) return textFrame(`{"mid":${mid},${message.push.slice(1)}`);
  return textFrame(`{"mid":${mid},"id":${JSON.stringify(message.id)},${message.push.slice(1)}`);
}

/** Asks a tracked connection to connect again in so many milliseconds. */
export function reconnectFrame(afterMs: number): Buffer {
  const event: ReconnectEvent = { event: 'reconnect', after_ms: afterMs };
  return textFrame(JSON.stringify(event));
}

/** Tells a tracked connection of its token. */
export function tokenFrame(event: TokenEvent): Buffer {
  return textFrame(JSON.stringify(event));
}
