import { randomBytes } from 'node:crypto';
import type { Scope } from './cleanup.ts';
import { openRaw, type RawSocket } from './raw-socket.ts';

/** The fields of a WebSocket frame (RFC 6455, 5.2); what is left out is as a proper client would have it. */
export interface RawFrame {
  readonly payload?: string | Uint8Array;
  /** 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong. Default: 1. */
  readonly opcode?: number;
  readonly fin?: boolean;
  /** The three reserved bits, 0 to 7. */
  readonly reserved?: number;
  readonly masked?: boolean;
  /** The length that the header claims, which may be a lie. */
  readonly claimedBytes?: number;
}

/** Bytes of a frame, right or wrong. */
export function encodeFrame(frame: RawFrame): Buffer {
  const { opcode = 1, fin = true, reserved = 0, masked = true } = frame;
  const payload = Buffer.from(frame.payload ?? '');
  const length = frame.claimedBytes ?? payload.length;
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  const maskBit = masked ? 0x80 : 0;
  let header: Buffer;
  if (length < 126) header = Buffer.from([first, maskBit | length]);
  else if (length < 65_536) {
    header = Buffer.from([first, maskBit | 126, 0, 0]);
    header.writeUInt16BE(length, 2);
  } else {
    header = Buffer.from([first, maskBit | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  if (!masked) return Buffer.concat([header, payload]);
  const mask = randomBytes(4);
  return Buffer.concat([header, mask, payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}

/** The bytes of an upgrade request, to which `headers` are added or which they replace. */
export function upgradeRequest(url: string, headers: Readonly<Record<string, string>> = {}): string {
  const { host, pathname, search } = new URL(url);
  const all = {
    Host: host,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `GET ${pathname}${search} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** Opens a WebSocket by hand: the handshake is proper and done, what follows is up to the test. */
export async function openRawWs(scope: Scope, url: string): Promise<RawSocket> {
  const socket = await openRaw(scope, url.replace(/^ws/, 'http'));
  await socket.write(upgradeRequest(url));
  const head = await socket.receivedUntil((text) => text.includes('\r\n\r\n'), 'the answer to the upgrade');
  if (!head.startsWith('HTTP/1.1 101 ')) throw new Error(`not upgraded: ${head}`);
  return socket;
}

/** The close code of the server's close frame among the bytes received, if there is one; skips what stands before. */
export function closeCodeIn(received: Buffer): number | undefined {
  let at = received.indexOf('\r\n\r\n') + 4;
  while (at + 2 <= received.length) {
    const opcode = received.readUInt8(at) & 0x0f;
    let length = received.readUInt8(at + 1) & 0x7f;
    at += 2;
    if (length === 126) {
      length = received.readUInt16BE(at);
      at += 2;
    } else if (length === 127) {
      length = Number(received.readBigUInt64BE(at));
      at += 8;
    }
    if (opcode === 8 && length >= 2 && at + 2 <= received.length) return received.readUInt16BE(at);
    at += length;
  }
  return undefined;
}
