import type { Entry } from './journal.ts';
import { hasId, isRetracted, packedSizeBound, packEntry, unpackEntry } from './packed-record.ts';

/** Records are kept in buffers of this size; a larger record gets one of its own. */
const segmentBytes = 1024 * 1024;

/** Offsets in one segment are below this: a place is `number of the segment * span + offset`, exact in a double. */
const span = 2 ** 28;

/** One buffer of records. The mids and offsets stand in arrays of plain numbers, which cost no garbage collection. */
export class Segment {
  readonly number: number;
  /** The place of its first byte. */
  readonly base: number;
  readonly buffer: Buffer;
  readonly mids: number[] = [];
  readonly offsets: number[] = [];
  usedBytes = 0;
  /** The records before this index are dropped. */
  first = 0;

  constructor(number: number, bytes: number) {
    this.number = number;
    this.base = number * span;
    this.buffer = Buffer.allocUnsafeSlow(bytes);
  }
}

/**
 * Entries in `mid` order as packed bytes, in buffers outside the JavaScript heap: appended at the end, dropped at the front.
 * Memory: the bytes kept, and at most one segment more.
 */
export class RecordLog {
  #segments: Segment[] = [];
  #made = 0;
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

  /**
   * The entry's mid must be above every mid before it. `link` is given each uid and the place of its slot and gives the place of
   * the slot before, or -1. Returns the place of the record. O(length of the message).
   */
  append(entry: Entry, link: (uid: string, place: number) => number): number {
    const bound = packedSizeBound(entry.message);
    let segment = this.#segments.at(-1);
    if (segment === undefined || segment.buffer.length - segment.usedBytes < bound) {
      segment = new Segment(this.#made, Math.max(segmentBytes, bound));
      this.#made += 1;
      this.#segments.push(segment);
    }
    const start = segment.usedBytes;
    const { base } = segment;
    segment.usedBytes = packEntry(segment.buffer, start, entry, (uid, offset) => link(uid, base + offset));
    segment.mids.push(entry.mid);
    segment.offsets.push(start);
    this.#count += 1;
    this.#bytes += segment.usedBytes - start;
    return base + start;
  }

  /** Drops the oldest entry, which `visit` may look at before. O(1). Throws a RangeError on an empty log. */
  dropFirst(visit: (segment: Segment, start: number) => void): void {
    const segment = this.#segments[0];
    const start = segment?.offsets[segment.first];
    if (segment === undefined || start === undefined) throw new RangeError('the log is empty');
    visit(segment, start);
    const end = segment.offsets[segment.first + 1] ?? segment.usedBytes;
    this.#bytes -= end - start;
    this.#count -= 1;
    segment.first += 1;
    if (segment.first === segment.mids.length) this.#segments.shift();
  }

  /** The segment of a place, or undefined when it was dropped. */
  segmentOf(place: number): Segment | undefined {
    const first = this.#segments[0];
    return first === undefined ? undefined : this.#segments[Math.floor(place / span) - first.number];
  }

  /** The place of the record with this mid, or undefined. O(log kept). */
  placeOf(mid: number): number | undefined {
    const segment = this.#segments[lowerBound(this.#segments.length, (index) => this.#lastMidOf(index) >= mid)];
    if (segment === undefined) return undefined;
    const { mids, first, offsets } = segment;
    const index = lowerBound(mids.length, (at) => at >= first && (mids[at] ?? 0) >= mid);
    const offset = offsets[index];
    return mids[index] !== mid || offset === undefined ? undefined : segment.base + offset;
  }

  /** The newest mid at or below this one, or undefined. O(log kept). */
  midUpTo(mid: number): number | undefined {
    const at = lowerBound(this.#segments.length, (index) => (this.#segments[index]?.mids[0] ?? 0) > mid) - 1;
    const segment = this.#segments[at];
    if (segment === undefined) return undefined;
    const { mids, first } = segment;
    const index = lowerBound(mids.length, (each) => (mids[each] ?? 0) > mid) - 1;
    return index >= first ? mids[index] : undefined;
  }

  /** Entries above `after` that were not retracted, oldest first, at most `limit`. O(log kept + limit). */
  read(after: number, limit: number): Entry[] {
    const entries: Entry[] = [];
    let at = lowerBound(this.#segments.length, (index) => this.#lastMidOf(index) > after);
    for (let segment = this.#segments[at]; segment !== undefined; segment = this.#segments[(at += 1)]) {
      const { mids, first, offsets, buffer } = segment;
      const from = lowerBound(mids.length, (index) => index >= first && (mids[index] ?? 0) > after);
      for (let index = from; index < mids.length; index += 1) {
        if (entries.length >= limit) return entries;
        const offset = offsets[index];
        if (offset !== undefined && !isRetracted(buffer, offset)) entries.push(unpackEntry(buffer, offset));
      }
    }
    return entries;
  }

  /** The newest entry with this id, with whether it was retracted. O(kept): every record's id is compared. */
  findId(id: string): { readonly entry: Entry; readonly isRetracted: boolean } | undefined {
    const wanted = Buffer.from(id);
    for (let at = this.#segments.length - 1; at >= 0; at -= 1) {
      const segment = this.#segments[at];
      if (segment === undefined) continue;
      for (let index = segment.offsets.length - 1; index >= segment.first; index -= 1) {
        const offset = segment.offsets[index];
        if (offset === undefined || !hasId(segment.buffer, offset, wanted)) continue;
        return { entry: unpackEntry(segment.buffer, offset), isRetracted: isRetracted(segment.buffer, offset) };
      }
    }
    return undefined;
  }

  #lastMidOf(index: number): number {
    return this.#segments[index]?.mids.at(-1) ?? 0;
  }
}

/** The offset of a place in its segment's buffer. */
export function offsetOf(place: number): number {
  return place % span;
}

/** The first index for which `isAbove` holds; it must hold for every index after it. `length` when there is none. */
export function lowerBound(length: number, isAbove: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAbove(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
