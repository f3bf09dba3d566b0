import { encodeFrame } from '../support/raw-ws.ts';

export interface ServerFrame {
  /** RFC 6455, 5.2: 1 text, 8 close, 9 ping. */
  readonly opcode: number;
  readonly payload: Buffer;
}

const NOTHING = Buffer.alloc(0);

/** Cuts the bytes of one connection, as a server sends them (unmasked, not fragmented), into frames. */
export class ServerFrames {
  #rest: Buffer = NOTHING;

  /** Calls `take` for each frame that is complete by now. */
  push(bytes: Buffer, take: (frame: ServerFrame) => void): void {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    for (;;) {
      const frame = frameAt(all, at);
      if (frame === undefined) break;
      at = frame.end;
      take(frame);
    }
    this.#rest = at === all.length ? NOTHING : all.subarray(at);
  }
}

function frameAt(bytes: Buffer, at: number): (ServerFrame & { end: number }) | undefined {
  if (bytes.length < at + 2) return undefined;
  const short = (bytes[at + 1] ?? 0) & 0x7f;
  const head = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < at + head) return undefined;
  let length = short;
  if (short === 126) length = bytes.readUInt16BE(at + 2);
  else if (short === 127) length = Number(bytes.readBigUInt64BE(at + 2));
  const end = at + head + length;
  if (bytes.length < end) return undefined;
  return { opcode: (bytes[at] ?? 0) & 0x0f, payload: bytes.subarray(at + head, end), end };
}

/** A client's answer to a ping, and to a close frame. */
export function pong(payload: Buffer): Buffer {
  return encodeFrame({ opcode: 10, payload });
}

export function closeReply(payload: Buffer): Buffer {
  return encodeFrame({ opcode: 8, payload: payload.subarray(0, 2) });
}
