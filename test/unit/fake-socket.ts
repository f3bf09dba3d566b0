import { Connection, type Door, type Mode, type Outlet } from '../../src/hub/connection.ts';

/** Both halves of a socket as the hub sees them; it keeps what is written and does nothing by itself. */
export class FakeSocket implements Door, Outlet {
  readyState = 1;
  /** What the peer has not read; a test sets it. */
  writableLength = 0;
  /** The peer reads nothing: what is written waits. */
  isStalled = false;
  readonly writes: Buffer[] = [];
  readonly closes: { code: number; reason: string }[] = [];
  terminated = 0;

  write(bytes: Uint8Array): boolean {
    if (this.readyState !== 1) throw new Error('written to after the close frame');
    // The very object: that all of a cohort are given the same one is a promise.
    this.writes.push(bytes as Buffer);
    if (this.isStalled) this.writableLength += bytes.length;
    return true;
  }

  close(code: number, reason: string): void {
    this.closes.push({ code, reason });
    this.readyState = 2;
  }

  terminate(): void {
    this.terminated += 1;
    this.readyState = 3;
  }

  /** The payloads of the text frames that were written. */
  get texts(): string[] {
    return decodeFrames(Buffer.concat(this.writes)).flatMap(({ opcode, payload }) =>
      opcode === 1 ? [payload.toString('utf8')] : [],
    );
  }
}

export interface Peer {
  readonly socket: FakeSocket;
  readonly connection: Connection;
}

export function createPeer(uid = '1', mode: Mode = 'plain', budgetBytes = 1024 * 1024): Peer {
  const socket = new FakeSocket();
  return { socket, connection: new Connection(socket, socket, uid, mode, budgetBytes) };
}

/** Reads unmasked, unfragmented frames, as a server sends them. Throws on anything else, and on bytes left over. */
export function decodeFrames(bytes: Buffer): { opcode: number; payload: Buffer }[] {
  const frames: { opcode: number; payload: Buffer }[] = [];
  let at = 0;
  while (at < bytes.length) {
    const first = bytes.readUInt8(at);
    const short = bytes.readUInt8(at + 1);
    if ((first & 0xf0) !== 0x80 || short > 127) throw new Error(`not a frame of a server at ${at}`);
    at += 2;
    let length = short;
    if (short === 126) {
      length = bytes.readUInt16BE(at);
      at += 2;
    } else if (short === 127) {
      length = Number(bytes.readBigUInt64BE(at));
      at += 8;
    }
    if (at + length > bytes.length) throw new Error('the last frame is cut off');
    frames.push({ opcode: first & 0x0f, payload: bytes.subarray(at, at + length) });
    at += length;
  }
  return frames;
}
