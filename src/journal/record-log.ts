import type { Message } from '../message/message.ts';
import type { Entry } from './journal.ts';
import { packedSizeBound, packMessage, unpackCallersId, unpackMessage } from './packed-record.ts';

/** Records are kept in buffers of this size; a larger record gets one of its own. */
const segmentBytes = 1024 * 1024;

/** One buffer of records. The mids and offsets stand in arrays of plain numbers, which cost no garbage collection. */
class Segment {
  readonly buffer: Buffer;
  readonly mids: number[] = [];
  readonly offsets: number[] = [];
  usedBytes = 0;
  /** The records before this index are dropped. */
  first = 0;

  constructor(bytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(bytes);
  }
}

/**
 * Entries in `mid` order as packed bytes, in buffers outside the JavaScript heap: appended at the end, dropped at the front.
 * Memory: the bytes kept, and at most one segment more.
 */
export class RecordLog {
  #segments: Segment[] = [];
  #count = 0;
  #bytes = 0;

  get count(): number {
    return this.#count;
  }

  /** The bytes of the records that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The oldest mid that is kept, or undefined. */
  get firstMid(): number | undefined {
    const segment = this.#segments[0];
    return segment?.mids[segment.first];
  }

  /** `mid` must be above every mid before it. O(length of the message). */
  append(mid: number, message: Message): void {
    const bound = packedSizeBound(message);
    let segment = this.#segments.at(-1);
    if (segment === undefined || segment.buffer.length - segment.usedBytes < bound) {
      segment = new Segment(Math.max(segmentBytes, bound));
      this.#segments.push(segment);
    }
    const start = segment.usedBytes;
    segment.usedBytes = packMessage(segment.buffer, start, message);
    segment.mids.push(mid);
    segment.offsets.push(start);
    this.#count += 1;
    this.#bytes += segment.usedBytes - start;
  }

  /** Drops the oldest entry and returns its id when that is the caller's. O(1). Throws a RangeError on an empty log. */
  dropFirst(): string | undefined {
    const segment = this.#segments[0];
    const start = segment?.offsets[segment.first];
    if (segment === undefined || start === undefined) throw new RangeError('the log is empty');
    const end = segment.offsets[segment.first + 1] ?? segment.usedBytes;
    this.#bytes -= end - start;
    this.#count -= 1;
    segment.first += 1;
    if (segment.first === segment.mids.length) this.#segments.shift();
    return unpackCallersId(segment.buffer, start);
  }

  /** Entries above `after`, oldest first, at most `limit`. O(log segments + log of a segment + limit). */
  read(after: number, limit: number): Entry[] {
    const entries: Entry[] = [];
    let at = lowerBound(this.#segments.length, (index) => (this.#segments[index]?.mids.at(-1) ?? 0) > after);
    for (let segment = this.#segments[at]; segment !== undefined; segment = this.#segments[(at += 1)]) {
      const { mids, first } = segment;
      const from = lowerBound(mids.length, (index) => index >= first && (mids[index] ?? 0) > after);
      for (let index = from; index < mids.length; index += 1) {
        if (entries.length >= limit) return entries;
        const entry = entryAt(segment, index);
        if (entry !== undefined) entries.push(entry);
      }
    }
    return entries;
  }
}

function entryAt({ buffer, mids, offsets }: Segment, index: number): Entry | undefined {
  const mid = mids[index];
  const offset = offsets[index];
  return mid === undefined || offset === undefined ? undefined : { mid, message: unpackMessage(buffer, offset) };
}

/** The first index for which `isAbove` holds; it must hold for every index after it. `length` when there is none. */
function lowerBound(length: number, isAbove: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAbove(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
