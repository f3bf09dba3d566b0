// Apple silicon runs nothing unsigned, and the smallest signature that it takes needs no key: the hash of every page, as
// linkers write it into what they make ("ad hoc"). Layout: Mach-O's loader.h, and cs_blobs.h of XNU.

import { createHash } from 'node:crypto';
import { Failure } from '../project.mjs';

const MAGIC_64 = 0xfeedfacf;
const HEADER_BYTES = 32;
const COMMAND_COUNT_AT = 16;
const COMMAND_BYTES_AT = 20;
const SEGMENT = { command: 0x19, name: 8, memorySize: 32, offset: 40, size: 48, sectionCount: 64, sections: 72 };
const SECTION = { bytes: 80, offset: 48 };
const SIGNATURE = { command: 0x1d, bytes: 16 };

const PAGE_BITS = 12;
const PAGE_BYTES = 2 ** PAGE_BITS;
const MEMORY_PAGE_BYTES = 0x4000;
const HASH_BYTES = 32;
const SHA_256 = 2;
const SUPER_BLOB = { magic: 0xfade0cc0, bytes: 20 };
const DIRECTORY = { magic: 0xfade0c02, bytes: 88, version: 0x20400 };
const AD_HOC = 0x2;
const LINKER_SIGNED = 0x20000;
const MAIN_BINARY = 1n;

/**
 * The same 64-bit Mach-O executable with an ad hoc signature at its end. Throws Failure when it is something else, is
 * signed already, or has no room for one more load command.
 * @param {Buffer} file
 * @param {string} identifier the program's name, of ASCII
 */
export function withAdHocSignature(file, identifier) {
  const { text, linkedit, commandsEnd, commandsLimit } = readCommands(file);
  if (commandsEnd + SIGNATURE.bytes > commandsLimit) throw new Failure('the executable has no room for a signature');
  const dataEnd = Number(linkedit.offset + linkedit.size);
  if (dataEnd !== file.length) throw new Failure('the executable does not end with its __LINKEDIT segment');

  const signatureAt = Math.ceil(dataEnd / 16) * 16;
  const pages = Math.ceil(signatureAt / PAGE_BYTES);
  const hashesAt = DIRECTORY.bytes + identifier.length + 1;
  const signatureBytes = SUPER_BLOB.bytes + hashesAt + pages * HASH_BYTES;
  const signed = Buffer.concat([file], signatureAt + signatureBytes);

  signed.writeUInt32LE(signed.readUInt32LE(COMMAND_COUNT_AT) + 1, COMMAND_COUNT_AT);
  signed.writeUInt32LE(signed.readUInt32LE(COMMAND_BYTES_AT) + SIGNATURE.bytes, COMMAND_BYTES_AT);
  writeWords(signed, commandsEnd, [SIGNATURE.command, SIGNATURE.bytes, signatureAt, signatureBytes], 'writeUInt32LE');
  const linkeditBytes = BigInt(signed.length) - linkedit.offset;
  signed.writeBigUInt64LE(linkeditBytes, linkedit.at + SEGMENT.size);
  signed.writeBigUInt64LE(roundUp(linkeditBytes, MEMORY_PAGE_BYTES), linkedit.at + SEGMENT.memorySize);

  const directoryAt = signatureAt + SUPER_BLOB.bytes;
  const directoryBytes = signatureBytes - SUPER_BLOB.bytes;
  const superBlob = [SUPER_BLOB.magic, signatureBytes, 1, 0, SUPER_BLOB.bytes];
  const directory = [
    ...[DIRECTORY.magic, directoryBytes, DIRECTORY.version, AD_HOC | LINKER_SIGNED],
    ...[hashesAt, DIRECTORY.bytes, 0, pages, signatureAt],
    (HASH_BYTES << 24) | (SHA_256 << 16) | PAGE_BITS,
  ];
  writeWords(signed, signatureAt, [...superBlob, ...directory], 'writeUInt32BE');
  signed.writeBigUInt64BE(text.offset, directoryAt + 64);
  signed.writeBigUInt64BE(text.size, directoryAt + 72);
  signed.writeBigUInt64BE(MAIN_BINARY, directoryAt + 80);
  signed.write(identifier, directoryAt + DIRECTORY.bytes, 'latin1');
  for (let page = 0; page < pages; page += 1) {
    const content = signed.subarray(page * PAGE_BYTES, Math.min((page + 1) * PAGE_BYTES, signatureAt));
    createHash('sha256')
      .update(content)
      .digest()
      .copy(signed, directoryAt + hashesAt + page * HASH_BYTES);
  }
  return signed;
}

// The two segments that matter, and the room for load commands: up to where the first section begins.
function readCommands(file) {
  if (file.readUInt32LE(0) !== MAGIC_64) throw new Failure('this is no 64-bit Mach-O executable');
  const found = { commandsEnd: HEADER_BYTES + file.readUInt32LE(COMMAND_BYTES_AT), commandsLimit: file.length };
  for (let at = HEADER_BYTES; at < found.commandsEnd; at += file.readUInt32LE(at + 4)) {
    const command = file.readUInt32LE(at);
    if (command === SIGNATURE.command) throw new Failure('the executable is signed already');
    if (command !== SEGMENT.command) continue;
    const name = file.toString('latin1', at + SEGMENT.name, at + SEGMENT.name + 16).replaceAll('\0', '');
    const segment = {
      at,
      offset: file.readBigUInt64LE(at + SEGMENT.offset),
      size: file.readBigUInt64LE(at + SEGMENT.size),
    };
    if (name === '__LINKEDIT') found.linkedit = segment;
    if (name === '__TEXT') {
      found.text = segment;
      for (let index = 0; index < file.readUInt32LE(at + SEGMENT.sectionCount); index += 1) {
        const section = at + SEGMENT.sections + index * SECTION.bytes;
        found.commandsLimit = Math.min(found.commandsLimit, file.readUInt32LE(section + SECTION.offset));
      }
    }
  }
  if (found.text === undefined || found.linkedit === undefined) throw new Failure('the executable lacks a segment');
  return found;
}

function writeWords(buffer, at, words, write) {
  for (const [index, word] of words.entries()) buffer[write](word >>> 0, at + index * 4);
}

function roundUp(value, unit) {
  return ((value + BigInt(unit) - 1n) / BigInt(unit)) * BigInt(unit);
}
