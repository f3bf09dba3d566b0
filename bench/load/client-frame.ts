/**
 * A client-to-server WebSocket frame of at most 125 payload bytes. The mask key is zero: legal, and it leaves the
 * payload as it is.
 */
export function encodeClientFrame(opcode: number, payload: Uint8Array): Buffer {
  if (payload.length > 125) throw new RangeError(`client frame of ${payload.length} bytes`);
  const frame = Buffer.alloc(6 + payload.length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | payload.length;
  frame.set(payload, 6);
  return frame;
}
