import { crc32 } from 'node:zlib';
import type { KnownId } from './caller-ids.ts';
import type { Entry } from './journal.ts';
import { packedSizeBound, packEntry, unpackEntry } from './packed-record.ts';

/**
 * The values of the store. Each begins with the CRC-32 of the rest. Numbers are little endian; keys are big endian, so that the
 * store's order of bytes is their order.
 *
 *     entries   key: mid of the first  | crc u32, count u32, then for each: bytes u32, a packed record
 *     ids       key: mid of the first  | crc u32, count u32, then for each: mid f64, atMs f64, fingerprint bytes u8, id bytes u16, both
 *     acks      key: the uid           | crc u32, mid f64
 *     state     key: 0                 | crc u32, last f64, since f64, groups u32
 */
const crcBytes = 4;

/** An id of a caller with what is remembered of it. */
export interface RememberedId extends KnownId {
  readonly id: string;
}

export interface StoredState {
  /** The newest mid. */
  readonly last: number;
  /** Every entry above this mid is in the store. */
  readonly since: number;
  /** How many groups of entries there are: a store that lost a part of them is found out. */
  readonly groups: number;
}

export function midKey(mid: number): Buffer {
  const key = Buffer.allocUnsafe(8);
  key.writeBigUInt64BE(BigInt(mid));
  return key;
}

export function midOfKey(key: Buffer): number {
  return Number(key.readBigUInt64BE());
}

export function encodeEntries(entries: readonly Entry[]): Buffer {
  let bound = crcBytes + 4;
  for (const { message } of entries) bound += 4 + packedSizeBound(message);
  const target = Buffer.allocUnsafe(bound);
  let at = target.writeUInt32LE(entries.length, crcBytes);
  for (const entry of entries) {
    const end = packEntry(target, at + 4, entry, noSlotBefore);
    target.writeUInt32LE(end - at - 4, at);
    at = end;
  }
  return sealed(target.subarray(0, at));
}

/** Throws a RangeError for what is not as it was written. */
export function decodeEntries(value: Buffer): Entry[] {
  const entries: Entry[] = [];
  const count = opened(value).readUInt32LE(crcBytes);
  let at = crcBytes + 4;
  for (let left = count; left > 0; left -= 1) {
    entries.push(unpackEntry(value, at + 4));
    at += 4 + value.readUInt32LE(at);
  }
  return entries;
}

export function encodeIds(ids: readonly RememberedId[]): Buffer {
  let bound = crcBytes + 4;
  for (const { id, fingerprint } of ids) bound += 19 + 3 * (id.length + fingerprint.length);
  const target = Buffer.allocUnsafe(bound);
  let at = target.writeUInt32LE(ids.length, crcBytes);
  for (const { id, mid, atMs, fingerprint } of ids) {
    at = target.writeDoubleLE(mid, at);
    at = target.writeDoubleLE(atMs, at);
    const fingerprintBytes = target.write(fingerprint, at + 3);
    const idBytes = target.write(id, at + 3 + fingerprintBytes);
    target.writeUInt8(fingerprintBytes, at);
    target.writeUInt16LE(idBytes, at + 1);
    at += 3 + fingerprintBytes + idBytes;
  }
  return sealed(target.subarray(0, at));
}

/** Throws a RangeError for what is not as it was written. */
export function decodeIds(value: Buffer): RememberedId[] {
  const ids: RememberedId[] = [];
  const count = opened(value).readUInt32LE(crcBytes);
  let at = crcBytes + 4;
  for (let left = count; left > 0; left -= 1) {
    const texts = at + 19;
    const idAt = texts + value.readUInt8(at + 16);
    const end = idAt + value.readUInt16LE(at + 17);
    const fingerprint = value.toString('utf8', texts, idAt);
    const id = value.toString('utf8', idAt, end);
    ids.push({ id, mid: value.readDoubleLE(at), atMs: value.readDoubleLE(at + 8), fingerprint });
    at = end;
  }
  return ids;
}

export function encodeMid(mid: number): Buffer {
  const target = Buffer.allocUnsafe(crcBytes + 8);
  target.writeDoubleLE(mid, crcBytes);
  return sealed(target);
}

/** Throws a RangeError for what is not as it was written. */
export function decodeMid(value: Buffer): number {
  return opened(value).readDoubleLE(crcBytes);
}

export function encodeState({ last, since, groups }: StoredState): Buffer {
  const target = Buffer.allocUnsafe(crcBytes + 20);
  target.writeDoubleLE(last, crcBytes);
  target.writeDoubleLE(since, crcBytes + 8);
  target.writeUInt32LE(groups, crcBytes + 16);
  return sealed(target);
}

/** Throws a RangeError for what is not as it was written. */
export function decodeState(value: Buffer): StoredState {
  const state = opened(value);
  return {
    last: state.readDoubleLE(crcBytes),
    since: state.readDoubleLE(crcBytes + 8),
    groups: state.readUInt32LE(crcBytes + 16),
  };
}

const noSlotBefore = (): number => -1;

function sealed(value: Buffer): Buffer {
  value.writeUInt32LE(crc32(value.subarray(crcBytes)));
  return value;
}

function opened(value: Buffer): Buffer {
  if (value.length < crcBytes || value.readUInt32LE() !== crc32(value.subarray(crcBytes))) {
    throw new RangeError('a value does not have the checksum that it was written with');
  }
  return value;
}
