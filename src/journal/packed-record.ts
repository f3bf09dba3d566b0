import type { Message } from '../message/message.ts';

/**
 * A message as bytes, for a journal that keeps many: strings and objects that live long cost a garbage collector far more than
 * the bytes that they hold. Little endian: expiresAtMs f64, uid count u32 (all: 0xffffffff), push bytes u32, id bytes u16, type
 * bytes u16, 1 when the id is the caller's, then id, type, push, and each uid with its length (u16) before it.
 */
const headerBytes = 21;
const everyone = 0xffff_ffff;

/** An upper bound of what a message takes, without looking at its characters: UTF-8 has at most 3 bytes a UTF-16 unit. */
export function packedSizeBound({ id, type, push, uids }: Message): number {
  let bytes = headerBytes + 3 * (id.length + type.length + push.length);
  if (uids !== null) for (const uid of uids) bytes += 2 + 3 * uid.length;
  return bytes;
}

/** Writes a message at `start` and returns the offset after it. There must be room for `packedSizeBound`. */
export function packMessage(target: Buffer, start: number, message: Message): number {
  const { id, type, push, uids } = message;
  let at = start + headerBytes;
  const idBytes = target.write(id, at);
  at += idBytes;
  const typeBytes = target.write(type, at);
  at += typeBytes;
  const pushBytes = target.write(push, at);
  at += pushBytes;
  target.writeDoubleLE(message.expiresAtMs, start);
  target.writeUInt32LE(uids === null ? everyone : uids.length, start + 8);
  target.writeUInt32LE(pushBytes, start + 12);
  target.writeUInt16LE(idBytes, start + 16);
  target.writeUInt16LE(typeBytes, start + 18);
  target.writeUInt8(message.hasCallersId ? 1 : 0, start + 20);
  for (const uid of uids ?? []) {
    const uidBytes = target.write(uid, at + 2);
    target.writeUInt16LE(uidBytes, at);
    at += 2 + uidBytes;
  }
  return at;
}

/** Reads the message that was written at `start`. */
export function unpackMessage(source: Buffer, start: number): Message {
  const uidCount = source.readUInt32LE(start + 8);
  let at = start + headerBytes;
  const text = (bytes: number): string => source.toString('utf8', at, (at += bytes));
  const id = text(source.readUInt16LE(start + 16));
  const type = text(source.readUInt16LE(start + 18));
  const push = text(source.readUInt32LE(start + 12));
  let uids: string[] | null = null;
  if (uidCount !== everyone) {
    uids = [];
    for (let index = 0; index < uidCount; index += 1) {
      const uidBytes = source.readUInt16LE(at);
      at += 2;
      uids.push(text(uidBytes));
    }
  }
  const expiresAtMs = source.readDoubleLE(start);
  return { id, uids, type, expiresAtMs, push, hasCallersId: source.readUInt8(start + 20) === 1 };
}

/** The id of the message that was written at `start`, when the caller chose it. */
export function unpackCallersId(source: Buffer, start: number): string | undefined {
  if (source.readUInt8(start + 20) === 0) return undefined;
  const from = start + headerBytes;
  return source.toString('utf8', from, from + source.readUInt16LE(start + 16));
}
