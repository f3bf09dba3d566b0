import type { Message } from '../message/message.ts';
import type { Entry } from './journal.ts';

/**
 * An entry as bytes, for a journal that keeps many: strings and objects that live long cost a garbage collector far more than the
 * bytes that they hold. Little endian:
 *
 *     0 mid f64 | 8 expiresAtMs f64 | 16 retracts f64 | 24 uid count u32 (all: 0xffffffff) | 28 push bytes u32
 *     32 id bytes u16 | 34 type bytes u16 | 36 fingerprint bytes u8 | 37 flags u8 | id, type, fingerprint, push
 *     then for each uid a slot: previous f64 | distance u32 | uid bytes u16 | uid
 *
 * `previous` is the place of the same uid's slot before this one, so that the slots of a uid are a chain from the newest to the
 * oldest; `distance` is what lies between the record's start and the slot.
 */
const headerBytes = 38;
const slotBytes = 14;
const everyone = 0xffff_ffff;
const retractedFlag = 1;

/** Above this length a text is measured; below, an upper bound is cheaper: UTF-8 has at most 3 bytes a UTF-16 unit. */
const measuredLength = 1024;

/** An upper bound of what an entry takes. */
export function packedSizeBound({ id, type, fingerprint, push, uids }: Message): number {
  const pushBytes = push.length > measuredLength ? Buffer.byteLength(push) : 3 * push.length;
  let bytes = headerBytes + 3 * (id.length + type.length + fingerprint.length) + pushBytes;
  if (uids !== null) for (const uid of uids) bytes += slotBytes + 3 * uid.length;
  return bytes;
}

/**
 * Writes an entry at `start` and returns the offset after it. There must be room for `packedSizeBound`. `link` is told the offset of
 * each uid's slot and gives the place of the one before, or -1.
 */
export function packEntry(
  target: Buffer,
  start: number,
  { mid, message }: Entry,
  link: (uid: string, offset: number) => number,
): number {
  const { id, type, fingerprint, push, uids } = message;
  let at = start + headerBytes;
  const write = (text: string): number => {
    const bytes = target.write(text, at);
    at += bytes;
    return bytes;
  };
  target.writeDoubleLE(mid, start);
  target.writeDoubleLE(message.expiresAtMs, start + 8);
  target.writeDoubleLE(message.retracts, start + 16);
  target.writeUInt32LE(uids === null ? everyone : uids.length, start + 24);
  target.writeUInt16LE(write(id), start + 32);
  target.writeUInt16LE(write(type), start + 34);
  target.writeUInt8(write(fingerprint), start + 36);
  target.writeUInt8(0, start + 37);
  target.writeUInt32LE(write(push), start + 28);
  if (uids === null) return at;
  for (const uid of uids) {
    const slot = at;
    target.writeDoubleLE(link(uid, slot), slot);
    target.writeUInt32LE(slot - start, slot + 8);
    at += slotBytes;
    target.writeUInt16LE(write(uid), slot + 12);
  }
  return at;
}

/** Reads the entry that was written at `start`. With `reader` given, its uids are that one alone: reading thousands has a cost. */
export function unpackEntry(source: Buffer, start: number, reader?: string): Entry {
  let at = start + headerBytes;
  const text = (bytes: number): string => source.toString('utf8', at, (at += bytes));
  const id = text(source.readUInt16LE(start + 32));
  const type = text(source.readUInt16LE(start + 34));
  const fingerprint = text(source.readUInt8(start + 36));
  const push = text(source.readUInt32LE(start + 28));
  const message: Message = {
    id,
    fingerprint,
    uids: reader === undefined || isToAll(source, start) ? readUids(source, start, at) : [reader],
    type,
    expiresAtMs: source.readDoubleLE(start + 8),
    push,
    retracts: source.readDoubleLE(start + 16),
    deliverAtMs: 0,
  };
  return { mid: midAt(source, start), message };
}

export function midAt(source: Buffer, start: number): number {
  return source.readDoubleLE(start);
}

export function pushBytesAt(source: Buffer, start: number): number {
  return source.readUInt32LE(start + 28);
}

export function isToAll(source: Buffer, start: number): boolean {
  return source.readUInt32LE(start + 24) === everyone;
}

export function isRetracted(source: Buffer, start: number): boolean {
  return (source.readUInt8(start + 37) & retractedFlag) !== 0;
}

export function markRetracted(source: Buffer, start: number): void {
  source.writeUInt8(source.readUInt8(start + 37) | retractedFlag, start + 37);
}

/** Whether the id of the entry at `start` is these bytes. */
export function hasId(source: Buffer, start: number, id: Buffer): boolean {
  const from = start + headerBytes;
  return source.readUInt16LE(start + 32) === id.length && id.compare(source, from, from + id.length) === 0;
}

/** The place of the slot before the one at `slot`, in the same uid's chain; -1: it is the first. */
export function previousSlot(source: Buffer, slot: number): number {
  return source.readDoubleLE(slot);
}

/** The start of the record that the slot at `slot` belongs to. */
export function recordOfSlot(source: Buffer, slot: number): number {
  return slot - source.readUInt32LE(slot + 8);
}

/** Visits the uid and the offset of each slot of the record at `start`. */
export function forSlots(source: Buffer, start: number, visit: (uid: string, slot: number) => void): void {
  if (isToAll(source, start)) return;
  let at = slotsAt(source, start);
  for (let left = source.readUInt32LE(start + 24); left > 0; left -= 1) {
    const end = at + slotBytes + source.readUInt16LE(at + 12);
    visit(source.toString('utf8', at + slotBytes, end), at);
    at = end;
  }
}

function slotsAt(source: Buffer, start: number): number {
  const texts = source.readUInt16LE(start + 32) + source.readUInt16LE(start + 34) + source.readUInt8(start + 36);
  return start + headerBytes + texts + pushBytesAt(source, start);
}

function readUids(source: Buffer, start: number, slots: number): string[] | null {
  const count = source.readUInt32LE(start + 24);
  if (count === everyone) return null;
  const uids: string[] = [];
  let at = slots;
  for (let left = count; left > 0; left -= 1) {
    const end = at + slotBytes + source.readUInt16LE(at + 12);
    uids.push(source.toString('utf8', at + slotBytes, end));
    at = end;
  }
  return uids;
}
