import { EventEmitter } from 'node:events';
import type { LinkEnds, LinkOutlet, LinkSource } from '../../src/cluster/link-frames.ts';

interface Write {
  bytes: Buffer;
  readonly onTaken: ((error?: Error | null) => void) | undefined;
}

/** One direction of a link, whose bytes stay on the way until the test lets them go on. */
class LinkPipe {
  readonly #readSide = new EventEmitter();
  readonly #writeSide = new EventEmitter();
  #onTheWay: Write[] = [];
  /** What has arrived while its reader rests. */
  #held: Buffer[] = [];
  isResting = false;
  #isEnded = false;
  isWriteClosed = false;
  isReadClosed = false;
  writtenBytes = 0;
  /** Its reader does nothing. */
  isStuck = false;
  /** So many bytes the kernel takes at once, of those on the way. */
  roomBytes: number;

  constructor(roomBytes: number) {
    this.roomBytes = roomBytes;
  }

  get onTheWayBytes(): number {
    return this.#onTheWay.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  readonly outlet: LinkOutlet = (() => {
    const waitingBytes = (): number => Math.max(0, this.onTheWayBytes - this.roomBytes);
    return {
      get writableLength() {
        return waitingBytes();
      },
      writeNow: (bytes) => {
        if (this.isWriteClosed) return 0;
        const taken = bytes.subarray(0, Math.min(bytes.length, Math.max(0, this.roomBytes - this.onTheWayBytes)));
        if (taken.length > 0) this.#put(taken, undefined);
        return taken.length;
      },
      write: (bytes, onTaken) => {
        if (this.isWriteClosed) onTaken(new Error('the pipe is closed'));
        else this.#put(bytes, onTaken);
        return false;
      },
      on: (event: string, heed: (error: Error) => void) => this.#writeSide.on(event, heed),
      end: () => this.endWriting(),
      destroy: () => this.endWriting(),
    };
  })();

  readonly source: LinkSource = {
    on: (event: string, heed: (...args: never[]) => void) =>
      this.#readSide.on(event, heed as (...args: unknown[]) => void),
    rest: (isResting) => {
      this.isResting = isResting;
      if (isResting) return;
      for (const chunk of this.#held.splice(0)) this.#readSide.emit('data', chunk);
      // Whatever the kernel has is read then.
      this.pass(Infinity);
    },
    destroy: () => this.closeReading(),
  };

  /** The other end reads at most so many bytes, as one chunk. */
  pass(bytes: number): void {
    if (this.isReadClosed || this.isStuck) return;
    const all = Buffer.concat(this.#onTheWay.map((write) => write.bytes));
    const chunk = all.subarray(0, bytes);
    let left = chunk.length;
    while (left > 0 && this.#onTheWay[0] !== undefined) {
      const [first] = this.#onTheWay;
      const passed = Math.min(left, first.bytes.length);
      left -= passed;
      first.bytes = first.bytes.subarray(passed);
      if (first.bytes.length > 0) break;
      this.#onTheWay.shift();
      first.onTaken?.();
    }
    if (chunk.length > 0 && this.isResting) this.#held.push(chunk);
    else if (chunk.length > 0) this.#readSide.emit('data', chunk);
    this.#noteEnd();
  }

  /** As when its writer dies: what was taken can still be read. */
  endWriting(): void {
    if (this.isWriteClosed) return;
    this.isWriteClosed = true;
    this.#writeSide.emit('close');
    this.#noteEnd();
  }

  /** As when its reader dies. */
  closeReading(): void {
    if (this.isReadClosed) return;
    this.isReadClosed = true;
    const lost = this.#onTheWay;
    this.#onTheWay = [];
    this.#readSide.emit('close');
    for (const { onTaken } of lost) onTaken?.(new Error('the reader is gone'));
    this.endWriting();
  }

  #put(bytes: Uint8Array, onTaken: Write['onTaken']): void {
    // A copy: what a writer does with its buffer afterwards must not be seen.
    this.#onTheWay.push({ bytes: Buffer.from(bytes), onTaken });
    this.writtenBytes += bytes.length;
  }

  #noteEnd(): void {
    if (!this.isWriteClosed || this.isReadClosed || this.#isEnded) return;
    if (this.onTheWayBytes > 0 || this.#held.length > 0) return;
    this.#isEnded = true;
    this.#readSide.emit('end');
    this.closeReading();
  }
}

/** One end of a link: what it writes, and what it reads. */
export class LinkEnd implements LinkEnds {
  readonly #written: LinkPipe;
  readonly #read: LinkPipe;

  constructor(written: LinkPipe, read: LinkPipe) {
    this.#written = written;
    this.#read = read;
  }

  get outlet(): LinkOutlet {
    return this.#written.outlet;
  }

  get source(): LinkSource {
    return this.#read.source;
  }

  /** What it wrote, in all; and what of it the other end has not read yet. */
  get writtenBytes(): number {
    return this.#written.writtenBytes;
  }

  get onTheWayBytes(): number {
    return this.#written.onTheWayBytes;
  }

  /** The other end leaves what it wrote with the kernel. */
  get isResting(): boolean {
    return this.#written.isResting;
  }

  /** Of what it wrote so many bytes are taken before they are read. */
  set roomBytes(bytes: number) {
    this.#written.roomBytes = bytes;
  }

  /** The other end reads nothing of what this one wrote. */
  set isStuck(isStuck: boolean) {
    this.#written.isStuck = isStuck;
  }

  /** It writes nothing any more, and the other end has heard so. */
  get isClosed(): boolean {
    return this.#written.isWriteClosed;
  }

  /** The other end reads at most so many bytes of what this one wrote, as one chunk. */
  pass(bytes: number): void {
    this.#written.pass(bytes);
  }

  /** As when its process dies. */
  destroy(): void {
    this.#written.endWriting();
    this.#read.closeReading();
  }
}

/** The kernel takes whatever the worker writes, and of what the supervisor writes nothing before it is read. */
export function createLinkPair(): readonly [worker: LinkEnd, supervisor: LinkEnd] {
  const [toSupervisor, toWorker] = [new LinkPipe(Infinity), new LinkPipe(0)];
  return [new LinkEnd(toSupervisor, toWorker), new LinkEnd(toWorker, toSupervisor)];
}
