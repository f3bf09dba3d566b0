import type { Entry, Outcome } from '../journal/journal.ts';
import { packedSizeBound, packEntry, unpackEntry } from '../journal/packed-record.ts';

/**
 * What goes over the link between a worker and its supervisor: `bytes of the body u32 | kind u8 | body`, little endian. Both ends
 * are of one version and on one machine. A call has a number, which its answer names.
 */
export const linkKinds = {
  // From the worker.
  hello: 1,
  append: 2,
  watch: 3,
  unwatch: 4,
  mailbox: 5,
  read: 6,
  completeSince: 7,
  find: 8,
  ackedBy: 9,
  acknowledge: 10,
  forgetUnit: 11,
  // From the supervisor.
  welcome: 32,
  entry: 33,
  head: 34,
  health: 35,
  answer: 36,
  failure: 37,
} as const;

/** Outcomes by their number on the link. */
export const linkOutcomes: readonly Outcome[] = ['appended', 'duplicate', 'conflict', 'refused', 'expired'];

const headerBytes = 5;

/** Frames of one turn go into a buffer of this size, unless they need more. */
const bufferBytes = 64 * 1024;

/**
 * After a write the next one waits for so long, in milliseconds: under load many posts share what a write costs at both ends, which is
 * far more than the posts themselves (the other process is woken, and has to find its memory again). A lone post never waits.
 */
const restMs = 1;

/** Below this room a buffer is not used for another turn. */
const leastRoomBytes = 1024;

/** Where a link writes; a `net.Socket` is one. */
export interface LinkOutlet {
  readonly writableLength: number;
  write(bytes: Uint8Array): boolean;
}

/** One end of a link; a `net.Socket` is one. */
export interface LinkStream extends LinkOutlet {
  on(event: 'data', heed: (chunk: Buffer) => void): unknown;
  on(event: 'end' | 'close', heed: () => void): unknown;
  on(event: 'error', heed: (error: Error) => void): unknown;
  /** The other end is told that nothing more comes. */
  end(): unknown;
  /** At once, both ways. */
  destroy(): unknown;
}

/** Gathers the frames of a turn of the event loop, under load of a millisecond, and writes them at once. `beforeWrite` may add to them. */
export class LinkWriter {
  readonly #outlet: LinkOutlet;
  readonly #monotonicMs: () => number;
  readonly #beforeWrite: () => void;
  #buffer = Buffer.allocUnsafeSlow(bufferBytes);
  /** The bytes of this turn are between the two; a frame begins at `#frame`. */
  #from = 0;
  #at = 0;
  #frame = 0;
  #isScheduled = false;
  #writtenMs = Number.NEGATIVE_INFINITY;
  readonly #onTurn = (): void => this.flush();
  /** Frames and writes since the start. */
  frames = 0;
  writes = 0;

  constructor(outlet: LinkOutlet, monotonicMs: () => number, beforeWrite: () => void = () => {}) {
    this.#outlet = outlet;
    this.#monotonicMs = monotonicMs;
    this.#beforeWrite = beforeWrite;
  }

  /** Bytes that the other end has not taken yet. */
  get waitingBytes(): number {
    return this.#outlet.writableLength + this.#at - this.#from;
  }

  begin(kind: number): this {
    this.#room(headerBytes);
    this.#frame = this.#at;
    this.#buffer[this.#at + 4] = kind;
    this.#at += headerBytes;
    return this;
  }

  byte(value: number): this {
    this.#room(1);
    this.#buffer[this.#at] = value;
    this.#at += 1;
    return this;
  }

  count(value: number): this {
    this.#room(4);
    this.#at = this.#buffer.writeUInt32LE(value, this.#at);
    return this;
  }

  number(value: number): this {
    this.#room(8);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
    return this;
  }

  text(value: string): this {
    const bytes = 3 * value.length;
    this.#room(4 + bytes);
    const written = this.#buffer.write(value, this.#at + 4);
    this.#buffer.writeUInt32LE(written, this.#at);
    this.#at += 4 + written;
    return this;
  }

  /** With its length before it. O(length of the message). */
  entry(entry: Entry): this {
    this.#room(4 + packedSizeBound(entry.message));
    const start = this.#at + 4;
    const end = packEntry(this.#buffer, start, entry, noSlot);
    this.#buffer.writeUInt32LE(end - start, this.#at);
    this.#at = end;
    return this;
  }

  end(): void {
    this.#buffer.writeUInt32LE(this.#at - this.#frame - headerBytes, this.#frame);
    this.frames += 1;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    if (this.#monotonicMs() - this.#writtenMs < restMs) setTimeout(this.#onTurn, restMs);
    else setImmediate(this.#onTurn);
  }

  /** Writes what was gathered now instead of at the end of the turn. */
  flush(): void {
    if (this.#at > this.#from) this.#beforeWrite();
    this.#isScheduled = false;
    if (this.#at === this.#from) return;
    this.#outlet.write(this.#buffer.subarray(this.#from, this.#at));
    this.writes += 1;
    this.#writtenMs = this.#monotonicMs();
    this.#from = this.#at;
    if (this.#buffer.length - this.#at >= leastRoomBytes && this.#buffer.length === bufferBytes) return;
    this.#buffer = Buffer.allocUnsafeSlow(bufferBytes);
    this.#from = this.#at = 0;
  }

  #room(bytes: number): void {
    if (this.#buffer.length - this.#at >= bytes) return;
    const used = this.#at - this.#from;
    const larger = Buffer.allocUnsafeSlow(Math.max(bufferBytes, 2 * (used + bytes)));
    this.#buffer.copy(larger, 0, this.#from, this.#at);
    this.#buffer = larger;
    this.#frame -= this.#from;
    this.#at = used;
    this.#from = 0;
  }
}

function noSlot(): number {
  return -1;
}

/** Reads the body of a frame from its start to its end. */
export class LinkBody {
  readonly kind: number;
  readonly #bytes: Buffer;
  #at: number;

  constructor(kind: number, bytes: Buffer, at: number) {
    this.kind = kind;
    this.#bytes = bytes;
    this.#at = at;
  }

  byte(): number {
    const value = this.#bytes.readUInt8(this.#at);
    this.#at += 1;
    return value;
  }

  count(): number {
    const value = this.#bytes.readUInt32LE(this.#at);
    this.#at += 4;
    return value;
  }

  number(): number {
    const value = this.#bytes.readDoubleLE(this.#at);
    this.#at += 8;
    return value;
  }

  text(): string {
    const bytes = this.count();
    const start = this.#at;
    this.#at += bytes;
    return this.#bytes.toString('utf8', start, this.#at);
  }

  entry(): Entry {
    const bytes = this.count();
    const start = this.#at;
    this.#at += bytes;
    return unpackEntry(this.#bytes, start);
  }

  entries(): Entry[] {
    return this.many(() => this.entry());
  }

  /** A count and so many of what `read` reads. */
  many<Item>(read: () => Item): Item[] {
    const items: Item[] = [];
    for (let left = this.count(); left > 0; left -= 1) items.push(read());
    return items;
  }
}

/** Cuts what comes over a link into frames. The bytes of a body are to be read before `push` returns. */
export class LinkReader {
  readonly #onFrame: (body: LinkBody) => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Nothing can be done before there are so many bytes. */
  #needed = headerBytes;

  constructor(onFrame: (body: LinkBody) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needed) return;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    let at = 0;
    this.#needed = headerBytes;
    while (bytes.length - at >= headerBytes) {
      const end = at + headerBytes + bytes.readUInt32LE(at);
      if (end > bytes.length) {
        this.#needed = end - at;
        break;
      }
      this.#onFrame(new LinkBody(bytes.readUInt8(at + 4), bytes, at + headerBytes));
      at = end;
    }
    this.#chunks = at === bytes.length ? [] : [bytes.subarray(at)];
    this.#bytes = bytes.length - at;
  }
}
