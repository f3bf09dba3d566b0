import type { Entry, Outcome } from '../journal/journal.ts';
import { unpackEntry } from '../journal/packed-record.ts';

/**
 * What goes over the link between a worker and its supervisor, little endian: batches of frames, each batch as it was written,
 * `bytes of the frames u32 | when it was written f64`, in milliseconds of the machine's monotonic clock, which all its processes share; in it frames,
 * `bytes of the body u32 | kind u8 | body`. Both ends are of one version and on one machine. A call has a number, which its answer names.
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
  hand: 12,
  // From the supervisor.
  welcome: 32,
  entry: 33,
  head: 34,
  health: 35,
  answer: 36,
  failure: 37,
  expired: 38,
} as const;

/** Outcomes by their number on the link. */
export const linkOutcomes: readonly Outcome[] = ['appended', 'duplicate', 'conflict', 'refused', 'expired'];

/** Of a frame, and of a batch. */
export const headerBytes = 5;
export const batchHeaderBytes = 12;

/** Where a link writes; a `net.Socket` is one. */
export interface LinkOutlet {
  readonly writableLength: number;
  /** Gives the kernel what it takes at once, and returns how many bytes those are. Undefined: it is not told. */
  readonly writeNow?: (bytes: Uint8Array) => number;
  /** `onTaken` is called once the kernel has the bytes, in the order of the writes: the other end can read them then, whatever becomes of this process. */
  write(bytes: Uint8Array, onTaken: (error?: Error | null) => void): boolean;
  on(event: 'close', heed: () => void): unknown;
  on(event: 'error', heed: (error: Error) => void): unknown;
  /** The other end is told that nothing more comes. */
  end(): unknown;
  /** At once. */
  destroy(): unknown;
}

/** Where a link is read; a `net.Socket` is one. */
export interface LinkSource {
  /** What comes stays with the kernel from now on, or is read again. Undefined: it cannot. */
  readonly rest?: (isResting: boolean) => void;
  on(event: 'data', heed: (chunk: Buffer) => void): unknown;
  on(event: 'end' | 'close', heed: () => void): unknown;
  on(event: 'error', heed: (error: Error) => void): unknown;
  /** At once. */
  destroy(): unknown;
}

/** One end of a link. There is a pipe for each direction, so that what was written can be read when its writer is gone. */
export interface LinkEnds {
  readonly source: LinkSource;
  readonly outlet: LinkOutlet;
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

/** Frames that were written together. */
export class LinkBatch {
  /** When: in milliseconds of the machine's monotonic clock. */
  readonly writtenMs: number;
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#start = start + batchHeaderBytes;
    this.#end = end;
    this.writtenMs = bytes.readDoubleLE(start + 4);
  }

  read(onFrame: (body: LinkBody) => void): void {
    const bytes = this.#bytes;
    let at = this.#start;
    while (at < this.#end) {
      const body = at + headerBytes;
      onFrame(new LinkBody(bytes.readUInt8(at + 4), bytes, body));
      at = body + bytes.readUInt32LE(at);
    }
  }
}

/** Cuts what comes over a link into batches. */
export class LinkReader {
  readonly #onBatch: (batch: LinkBatch) => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Nothing can be done before there are so many bytes. */
  #needed = batchHeaderBytes;

  constructor(onBatch: (batch: LinkBatch) => void) {
    this.#onBatch = onBatch;
  }

  /** It has the beginning of a batch. */
  get isWithin(): boolean {
    return this.#bytes > 0;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needed) return;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    let at = 0;
    this.#needed = batchHeaderBytes;
    while (bytes.length - at >= batchHeaderBytes) {
      const end = at + batchHeaderBytes + bytes.readUInt32LE(at);
      if (end > bytes.length) {
        this.#needed = end - at;
        break;
      }
      this.#onBatch(new LinkBatch(bytes, at, end));
      at = end;
    }
    this.#chunks = at === bytes.length ? [] : [bytes.subarray(at)];
    this.#bytes = bytes.length - at;
  }
}
