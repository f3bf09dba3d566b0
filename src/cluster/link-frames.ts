import type { Entry, Outcome } from '../journal/journal.ts';
import { unpackEntry } from '../journal/packed-record.ts';

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

/** Of a frame. */
export const headerBytes = 5;

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
