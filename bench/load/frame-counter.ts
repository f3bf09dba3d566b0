/** Where a counter reports. One sink serves every connection of a generator. */
export interface FrameSink {
  /** Whole deliveries left until the next sample; the counter takes one off per delivery. `Infinity`: no sampling. */
  untilSample: number;
  /**
   * The payload of a delivery that is due as a sample, as `bytes[start, end)`; valid during the call only. It sets
   * `untilSample` anew. A delivery that two chunks share counts, but is never a sample.
   */
  sample(bytes: Uint8Array, start: number, end: number): void;
  /** A ping (opcode 9) or close (8) frame came, with its payload; a pong is dropped. */
  control(counter: FrameCounter, opcode: number, payload: Uint8Array): void;
}

const MAX_HEADER_BYTES = 10;
const MAX_CONTROL_BYTES = 125;

/**
 * Counts the messages in one server-to-client WebSocket byte stream by hopping from header to header: it touches a
 * few bytes per frame, copies nothing and allocates only when a header or a control frame is split over chunks.
 * A message counts when its last byte is there. A frame that no server may send (masked, reserved bits or opcode,
 * payload past 2^53) throws: nothing after it could be counted.
 */
export class FrameCounter {
  /** Whole text or binary messages seen so far, pings of `ignoreOneByteMessages` left out. */
  deliveries = 0;
  readonly #sink: FrameSink;
  readonly #ignoreOneByteMessages: boolean;
  /** Payload bytes of the current frame that have not come yet; 0 between frames. */
  #missingBytes = 0;
  #counts = false;
  #controlOpcode = 0;
  #held: Uint8Array | undefined;
  #heldBytes = 0;

  /** `ignoreOneByteMessages`: an Engine.IO ping or pong is a text message of one byte, and no delivery is. */
  constructor(sink: FrameSink, ignoreOneByteMessages = false) {
    this.#sink = sink;
    this.#ignoreOneByteMessages = ignoreOneByteMessages;
  }

  /** True when the stream stands between two frames. */
  get atBoundary(): boolean {
    return this.#missingBytes === 0 && this.#heldBytes === 0;
  }

  /** Takes the next `bytes[start, end)` of the stream and returns how many deliveries it completed. */
  push(bytes: Uint8Array, start: number, end: number): number {
    const before = this.deliveries;
    let at = start;
    if (this.#missingBytes > 0) at = this.#resumePayload(bytes, at, end);
    else if (this.#heldBytes > 0) at = this.#resumeHeader(bytes, at, end);
    while (at < end) at = this.#frame(bytes, at, end);
    return this.deliveries - before;
  }

  /** One frame from its first byte on; returns where the next one begins, or `end`. */
  #frame(bytes: Uint8Array, at: number, end: number): number {
    const available = end - at;
    const headerBytes = available < 2 ? MAX_HEADER_BYTES : headerLength(bytes[at + 1]!);
    if (available < headerBytes) {
      this.#hold(bytes, at, end);
      return end;
    }
    const opcode = readOpcode(bytes[at]!);
    const payloadBytes = readPayloadLength(bytes, at);
    const payloadStart = at + headerBytes;
    const payloadEnd = payloadStart + payloadBytes;
    const isData = opcode < 8;
    if (!isData && payloadBytes > MAX_CONTROL_BYTES) throw new Error(`control frame of ${payloadBytes} bytes`);
    // A fragment with FIN ends a message; one without is a part of it.
    const counts = isData && bytes[at]! >= 0x80 && !(this.#ignoreOneByteMessages && payloadBytes === 1);
    if (payloadEnd > end) {
      this.#missingBytes = payloadEnd - end;
      this.#counts = counts;
      if (!isData) {
        this.#controlOpcode = opcode;
        this.#hold(bytes, payloadStart, end);
      }
      return end;
    }
    if (counts) {
      this.deliveries++;
      if (--this.#sink.untilSample <= 0) this.#sink.sample(bytes, payloadStart, payloadEnd);
    } else if (!isData) {
      this.#control(opcode, bytes.subarray(payloadStart, payloadEnd));
    }
    return payloadEnd;
  }

  #resumePayload(bytes: Uint8Array, at: number, end: number): number {
    const taken = Math.min(this.#missingBytes, end - at);
    if (this.#controlOpcode !== 0) this.#hold(bytes, at, at + taken);
    this.#missingBytes -= taken;
    if (this.#missingBytes > 0) return end;
    if (this.#controlOpcode !== 0) {
      const opcode = this.#controlOpcode;
      const payload = this.#held!.slice(0, this.#heldBytes);
      this.#controlOpcode = 0;
      this.#heldBytes = 0;
      this.#control(opcode, payload);
    } else if (this.#counts) {
      this.deliveries++;
    }
    return at + taken;
  }

  /** Completes a split header in the held bytes, then goes on as if the payload began in this chunk. */
  #resumeHeader(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    const held = this.#held!;
    while (at < end) {
      const wantedBytes = this.#heldBytes < 2 ? 2 : headerLength(held[1]!);
      if (this.#heldBytes === wantedBytes) break;
      held[this.#heldBytes++] = bytes[at++]!;
    }
    if (this.#heldBytes < 2 || this.#heldBytes < headerLength(held[1]!)) return end;
    const heldBytes = this.#heldBytes;
    this.#heldBytes = 0;
    this.#frame(held.slice(0, heldBytes), 0, heldBytes);
    return this.#missingBytes > 0 ? this.#resumePayload(bytes, at, end) : at;
  }

  #hold(bytes: Uint8Array, start: number, end: number): void {
    this.#held ??= new Uint8Array(MAX_CONTROL_BYTES);
    this.#held.set(bytes.subarray(start, end), this.#heldBytes);
    this.#heldBytes += end - start;
  }

  #control(opcode: number, payload: Uint8Array): void {
    if (opcode !== 10) this.#sink.control(this, opcode, payload);
  }
}

function headerLength(second: number): number {
  if (second >= 0x80) throw new Error('a server sent a masked frame');
  return second < 126 ? 2 : second === 126 ? 4 : 10;
}

function readOpcode(first: number): number {
  const opcode = first & 0x0f;
  if ((first & 0x70) !== 0) throw new Error('a frame with reserved bits');
  if (opcode > 10 || (opcode > 2 && opcode < 8)) throw new Error(`a frame with opcode ${opcode}`);
  return opcode;
}

function readPayloadLength(bytes: Uint8Array, at: number): number {
  const short = bytes[at + 1]!;
  if (short < 126) return short;
  if (short === 126) return (bytes[at + 2]! << 8) | bytes[at + 3]!;
  let length = 0;
  for (let i = 2; i < 10; i++) length = length * 256 + bytes[at + i]!;
  if (length > Number.MAX_SAFE_INTEGER) throw new Error(`a frame of ${length} bytes`);
  return length;
}
