import type { KnownId } from './caller-ids.ts';
import type { Part, PartWriter } from './disk-record.ts';
import type { Entry } from './journal.ts';
import { packedSizeBound, packEntry, unpackEntry } from './packed-record.ts';

/**
 * The parts of a record. Numbers are little endian.
 *
 *     1 last     f64: the newest mid before this record
 *     2 entries  for each: bytes u32, a packed record
 *     3 ids      for each: mid f64, atMs f64, fingerprint bytes u8, id bytes u16, both
 *     4 acks     for each: mid f64, uid bytes u16, uid
 */
export const partKinds = { last: 1, entries: 2, ids: 3, acks: 4 } as const;

/** An id of a caller with what is remembered of it. */
export interface RememberedId extends KnownId {
  readonly id: string;
}

export type Ack = readonly [uid: string, mid: number];

const idHeaderBytes = 19;
const ackHeaderBytes = 10;

/** The most that ids and acks take, by their number and the UTF-16 units of their texts; of ids in ASCII it is what they take. */
export const idsBound = (count: number, units: number): number => idHeaderBytes * count + units;
export const acksBound = (count: number, units: number): number => ackHeaderBytes * count + 3 * units;

export function lastPart(mid: number): PartWriter {
  return { kind: partKinds.last, bound: 8, write: (target, at) => target.writeDoubleLE(mid, at) };
}

export function entriesPart(entries: readonly Entry[]): PartWriter {
  let bound = 0;
  for (const { message } of entries) bound += 4 + packedSizeBound(message);
  return {
    kind: partKinds.entries,
    bound,
    write(target, start) {
      let at = start;
      for (const entry of entries) {
        const end = packEntry(target, at + 4, entry, noSlotBefore);
        target.writeUInt32LE(end - at - 4, at);
        at = end;
      }
      return at;
    },
  };
}

export function idsPart(ids: readonly RememberedId[]): PartWriter {
  let bound = 0;
  for (const { id, fingerprint } of ids) bound += idHeaderBytes + 3 * (id.length + fingerprint.length);
  return {
    kind: partKinds.ids,
    bound,
    write(target, start) {
      let at = start;
      for (const { id, mid, atMs, fingerprint } of ids) {
        at = target.writeDoubleLE(mid, at);
        at = target.writeDoubleLE(atMs, at);
        const fingerprintBytes = target.write(fingerprint, at + 3);
        const idBytes = target.write(id, at + 3 + fingerprintBytes);
        target.writeUInt8(fingerprintBytes, at);
        target.writeUInt16LE(idBytes, at + 1);
        at += 3 + fingerprintBytes + idBytes;
      }
      return at;
    },
  };
}

export function acksPart(acks: readonly Ack[]): PartWriter {
  let bound = 0;
  for (const [uid] of acks) bound += acksBound(1, uid.length);
  return {
    kind: partKinds.acks,
    bound,
    write(target, start) {
      let at = start;
      for (const [uid, mid] of acks) {
        target.writeDoubleLE(mid, at);
        const bytes = target.write(uid, at + ackHeaderBytes);
        target.writeUInt16LE(bytes, at + 8);
        at += ackHeaderBytes + bytes;
      }
      return at;
    },
  };
}

export function readLast(content: Buffer, { start }: Part): number {
  return content.readDoubleLE(start);
}

export function* readEntries(content: Buffer, { start, end }: Part): Generator<Entry> {
  for (let at = start; at < end; at += 4 + content.readUInt32LE(at)) yield unpackEntry(content, at + 4);
}

export function* readIds(content: Buffer, { start, end }: Part): Generator<RememberedId> {
  for (let at = start; at < end;) {
    const texts = at + idHeaderBytes;
    const idAt = texts + content.readUInt8(at + 16);
    const next = idAt + content.readUInt16LE(at + 17);
    const fingerprint = content.toString('utf8', texts, idAt);
    const id = content.toString('utf8', idAt, next);
    yield { id, mid: content.readDoubleLE(at), atMs: content.readDoubleLE(at + 8), fingerprint };
    at = next;
  }
}

export function* readAcks(content: Buffer, { start, end }: Part): Generator<Ack> {
  for (let at = start; at < end;) {
    const next = at + ackHeaderBytes + content.readUInt16LE(at + 8);
    yield [content.toString('utf8', at + ackHeaderBytes, next), content.readDoubleLE(at)];
    at = next;
  }
}

const noSlotBefore = (): number => -1;
