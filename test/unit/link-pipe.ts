import { EventEmitter } from 'node:events';
import type { LinkStream } from '../../src/cluster/link-frames.ts';

/** One end of a link whose bytes stay on the way until the test lets them go on. */
export class LinkEnd extends EventEmitter implements LinkStream {
  #onTheWay: Buffer[] = [];
  #other: LinkEnd | undefined;
  isClosed = false;
  /** What was written, in all. */
  writtenBytes = 0;

  joinTo(other: LinkEnd): void {
    this.#other = other;
  }

  /** Bytes that the other end has not read yet. */
  get writableLength(): number {
    return this.#onTheWay.reduce((sum, { length }) => sum + length, 0);
  }

  write(bytes: Uint8Array): boolean {
    if (this.isClosed) return false;
    // A copy: what a writer does with its buffer afterwards must not be seen.
    this.#onTheWay.push(Buffer.from(bytes));
    this.writtenBytes += bytes.length;
    return true;
  }

  /** The other end reads at most so many bytes, as one chunk. */
  pass(bytes: number): void {
    if (this.isClosed || this.#onTheWay.length === 0) return;
    const all = Buffer.concat(this.#onTheWay);
    this.#onTheWay = bytes < all.length ? [all.subarray(bytes)] : [];
    this.#other?.emit('data', all.subarray(0, bytes));
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#onTheWay = [];
    this.#other?.destroy();
    this.emit('close');
  }
}

export function createLinkPair(): readonly [worker: LinkEnd, supervisor: LinkEnd] {
  const [worker, supervisor] = [new LinkEnd(), new LinkEnd()];
  worker.joinTo(supervisor);
  supervisor.joinTo(worker);
  return [worker, supervisor];
}
