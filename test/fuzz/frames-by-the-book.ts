/** A frame that the server sent. */
export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

export type ReadFrames = { readonly frames: readonly ServerFrame[] } | { readonly reason: string };

/** Reads the frames of a server by the book (RFC 6455, 5): whole messages, not masked, no reserved bits. The last one may be cut off. */
export function readFrames(bytes: Buffer): ReadFrames {
  const frames: ServerFrame[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const first = bytes.readUInt8(at);
    const second = bytes.readUInt8(at + 1);
    const opcode = first & 0x0f;
    if ((first & 0xf0) !== 0x80) return { reason: `a frame that begins with ${first}` };
    if (![1, 8, 9, 10].includes(opcode)) return { reason: `a frame of the kind ${opcode}` };
    if ((second & 0x80) !== 0) return { reason: 'a masked frame' };
    let length = second & 0x7f;
    at += 2;
    const longer = length === 126 ? 2 : length === 127 ? 8 : 0;
    if (opcode >= 8 && longer > 0) return { reason: 'a control frame of more than 125 bytes' };
    if (at + longer > bytes.length) break;
    if (longer > 0) length = longer === 2 ? bytes.readUInt16BE(at) : Number(bytes.readBigUInt64BE(at));
    at += longer;
    if (at + length > bytes.length) break;
    frames.push({ opcode, payload: bytes.subarray(at, at + length) });
    at += length;
    if (opcode === 8 && at < bytes.length) return { reason: 'something after the close frame' };
  }
  return { frames };
}
