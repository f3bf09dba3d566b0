// Windows executables are signed over their content: what is changed has to lose its signature first.

import { Failure } from '../project.mjs';

const PE_OFFSET_AT = 0x3c;
const OPTIONAL_HEADER = 24;
const CHECKSUM = 64;
const PE32_PLUS = 0x20b;
const SECURITY_DIRECTORY = 112 + 4 * 8;

/**
 * The same PE32+ file without its Authenticode signature and without a checksum, which is optional. Throws Failure for
 * anything else than a PE32+ file whose signature, if any, stands at its end.
 * @param {Buffer} file is changed
 */
export function withoutSignature(file) {
  const header = file.readUInt32LE(PE_OFFSET_AT) + OPTIONAL_HEADER;
  if (file.toString('latin1', 0, 2) !== 'MZ' || file.readUInt16LE(header) !== PE32_PLUS) {
    throw new Failure('this is no 64-bit Windows executable');
  }
  const start = file.readUInt32LE(header + SECURITY_DIRECTORY);
  const length = file.readUInt32LE(header + SECURITY_DIRECTORY + 4);
  if (start === 0) return file;
  if (start + length !== file.length) throw new Failure('the signature is not at the end of the executable');
  file.writeBigUInt64LE(0n, header + SECURITY_DIRECTORY);
  file.writeUInt32LE(0, header + CHECKSUM);
  return file.subarray(0, start);
}
