import { crc32 } from 'node:zlib';

/**
 * What one commit writes, whole or not at all. Little endian, begun at a multiple of 8:
 *
 *     0 crc u32, of all that follows, begun with the segment's seed | 4 length u32 | 8 number f64, one more than the record's before
 *     16 check u32, of seed, length and number | 20 segment before u32 and 24 its end f64, in a segment's first record
 *     32 parts, each: kind u32, bytes u32, contents
 *
 * A length of zero: the end. The check tells a header that is whole from bytes that look like one, when the rest is not whole.
 */
export const recordHeaderBytes = 32;

const partHeaderBytes = 8;
const alignment = 8;

/** Writes its contents at an offset and returns the one behind it, at most `bound` bytes. */
export interface PartWriter {
  readonly kind: number;
  readonly bound: number;
  write(target: Buffer, at: number): number;
}

export interface Part {
  readonly kind: number;
  readonly start: number;
  readonly end: number;
}

export interface RecordPlace {
  readonly seed: number;
  readonly sequence: number;
  /** Where the records before it end, when it is a segment's first. */
  readonly previous: { readonly number: number; readonly end: number };
}

/** A record that is still to be sealed. */
export function packRecord(parts: readonly PartWriter[]): Buffer {
  let bound = recordHeaderBytes + alignment;
  for (const part of parts) bound += partHeaderBytes + part.bound;
  const target = Buffer.allocUnsafe(bound);
  let at = recordHeaderBytes;
  for (const part of parts) {
    const end = part.write(target, at + partHeaderBytes);
    target.writeUInt32LE(part.kind, at);
    target.writeUInt32LE(end - at - partHeaderBytes, at + 4);
    at = end;
  }
  target.writeUInt32LE(at, 4);
  const padded = alignedEnd(at);
  target.fill(0, at, padded);
  return target.subarray(0, padded);
}

/** Makes it the record of that place. It may be sealed again for another. */
export function sealRecord(record: Buffer, { seed, sequence, previous }: RecordPlace): void {
  const length = record.readUInt32LE(4);
  record.writeDoubleLE(sequence, 8);
  record.writeUInt32LE(checkOf(seed, length, sequence), 16);
  record.writeUInt32LE(previous.number, 20);
  record.writeDoubleLE(previous.end, 24);
  record.writeUInt32LE(crc32(record.subarray(4, length), seed));
}

export interface ReadRecord {
  readonly sequence: number;
  /** Of the record: where the next one begins. */
  readonly end: number;
  readonly previous: { readonly number: number; readonly end: number };
  readonly parts: readonly Part[];
}

/** Undefined: there is no whole record of the file with this seed. */
export function readRecord(content: Buffer, at: number, seed: number): ReadRecord | undefined {
  if (at + recordHeaderBytes > content.length) return undefined;
  const length = content.readUInt32LE(at + 4);
  if (length < recordHeaderBytes || at + length > content.length) return undefined;
  if (content.readUInt32LE(at) !== crc32(content.subarray(at + 4, at + length), seed)) return undefined;
  const parts: Part[] = [];
  for (let next = at + recordHeaderBytes; next < at + length;) {
    const start = next + partHeaderBytes;
    const end = start + content.readUInt32LE(next + 4);
    parts.push({ kind: content.readUInt32LE(next), start, end });
    next = end;
  }
  const previous = { number: content.readUInt32LE(at + 20), end: content.readDoubleLE(at + 24) };
  return { sequence: content.readDoubleLE(at + 8), end: alignedEnd(at + length), previous, parts };
}

/** The number and the end of a record whose header is whole; undefined: there is none at this offset. */
export function readHeaderAt(
  content: Buffer,
  at: number,
  seed: number,
): { readonly sequence: number; readonly end: number } | undefined {
  if (at + recordHeaderBytes > content.length) return undefined;
  const length = content.readUInt32LE(at + 4);
  if (length < recordHeaderBytes) return undefined;
  const sequence = content.readDoubleLE(at + 8);
  if (!Number.isSafeInteger(sequence) || content.readUInt32LE(at + 16) !== checkOf(seed, length, sequence))
    return undefined;
  return { sequence, end: alignedEnd(at + length) };
}

/** Whether a record above this number was begun behind `start`. O(length of the file). */
export function hasLaterRecord(
  content: Buffer,
  start: number,
  { seed, above }: { seed: number; above: number },
): boolean {
  for (let at = alignedEnd(start); at + recordHeaderBytes <= content.length; at += alignment) {
    const header = readHeaderAt(content, at, seed);
    if (header !== undefined && header.sequence > above) return true;
  }
  return false;
}

function alignedEnd(at: number): number {
  return Math.ceil(at / alignment) * alignment;
}

/** 32 bits in which each bit of the three has a part. */
function checkOf(seed: number, length: number, sequence: number): number {
  let hash = Math.imul(seed ^ length, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ (sequence >>> 0), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ Math.floor(sequence / 2 ** 32), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
