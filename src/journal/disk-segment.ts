import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { DiskFiles } from './disk-files.ts';

/**
 * A file of a log: a header, records, zeros to its end. It is written with zeros in its full length before it is used, so that a commit
 * changes nothing but contents, which one fdatasync makes durable. Little endian:
 *
 *     0 magic, 8 bytes | 8 format u32 | 12 number u32 | 16 a random id, 16 bytes | 32 length of the file f64 | zeros | 60 crc u32
 */
export const segmentHeaderBytes = 64;

const magic = 'tidings\n';
const formatNumber = 2;
const crcAt = segmentHeaderBytes - 4;
const zeros = Buffer.alloc(1024 * 1024);

export interface SegmentFile {
  readonly number: number;
  /** Its length. */
  readonly bytes: number;
  /** What the checksums of its records begin with: records of another file, or of an earlier one of its name, never pass. */
  readonly seed: number;
}

export function segmentName(log: string, number: number): string {
  return `${log}-${number}.log`;
}

/** The number of a segment of this log; undefined for any other name. */
export function segmentNumber(log: string, name: string): number | undefined {
  if (!name.startsWith(`${log}-`)) return undefined;
  const digits = /^([1-9]\d*)\.log$/.exec(name.slice(log.length + 1))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Its contents are on disk when it resolves; its name is not. What it made of a file that it could not finish is removed. */
export async function createSegment(
  files: DiskFiles,
  path: string,
  { number, bytes }: { readonly number: number; readonly bytes: number },
): Promise<SegmentFile & { readonly file: number }> {
  const header = Buffer.alloc(segmentHeaderBytes);
  header.write(magic);
  header.writeUInt32LE(formatNumber, 8);
  header.writeUInt32LE(number, 12);
  randomBytes(16).copy(header, 16);
  header.writeDoubleLE(bytes, 32);
  const seed = crc32(header.subarray(0, crcAt));
  header.writeUInt32LE(seed, crcAt);
  // Of an attempt that failed, or that nobody lived to see noted.
  await files.remove(path).catch(() => {});
  const file = await files.open(path, 'new');
  try {
    await files.write(file, header, 0);
    for (let at = header.length; at < bytes; at += zeros.length) {
      await files.write(file, zeros.subarray(0, Math.min(zeros.length, bytes - at)), at);
    }
    await files.flushAll(file);
    return { number, bytes, seed, file };
  } catch (error) {
    await files.close(file).catch(() => {});
    await files.remove(path).catch(() => {});
    throw error;
  }
}

export interface ReadSegment extends SegmentFile {
  readonly content: Buffer;
}

/** The whole file. Throws a RangeError for one that is not what `createSegment` made, and any error of the system. */
export function readSegment(dir: string, log: string, number: number): ReadSegment {
  const name = segmentName(log, number);
  const content = readFileSync(join(dir, name));
  const header = readHeader(name, content);
  if (header.number !== number) throw new RangeError(`${name} is segment ${header.number}`);
  if (header.bytes !== content.length) throw new RangeError(`${name} has ${content.length} bytes of ${header.bytes}`);
  return { ...header, content };
}

function readHeader(name: string, content: Buffer): SegmentFile {
  if (content.length < segmentHeaderBytes) throw new RangeError(`${name} has ${content.length} bytes`);
  const seed = content.readUInt32LE(crcAt);
  const isWhole = content.toString('latin1', 0, 8) === magic && seed === crc32(content.subarray(0, crcAt));
  if (!isWhole) throw new RangeError(`${name} does not begin as a journal does`);
  return { number: content.readUInt32LE(12), bytes: content.readDoubleLE(32), seed };
}

/** Whether there is nothing but zeros from `start` to `end`. */
export function isZero(content: Buffer, start: number, end = content.length): boolean {
  for (let at = start; at < end; at += zeros.length) {
    const bytes = Math.min(zeros.length, end - at);
    if (content.compare(zeros, 0, bytes, at, at + bytes) !== 0) return false;
  }
  return true;
}

/** Whether a file that was never noted was never used: it ends within its header, or there are only zeros behind that. */
export function isUnused(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const content = Buffer.alloc(fstatSync(file).size);
    readSync(file, content, 0, content.length, 0);
    return isZero(content, Math.min(content.length, segmentHeaderBytes));
  } finally {
    closeSync(file);
  }
}
