// Is this file what its name says? For executables that cannot be run here, too.

import { readFileSync } from 'node:fs';
import { FUSE } from './executable.mjs';

const machines = {
  linux: { x64: 62, arm64: 183 },
  windows: { x64: 0x8664, arm64: 0xaa64 },
  darwin: { x64: 0x01000007, arm64: 0x0100000c },
};

/**
 * What is wrong with an executable, in words; nothing when it is of this platform and architecture, Node in it looks for
 * the blob, and the blob has this version of the bundle.
 * @param {string} path
 * @param {{ platform: string, arch: string }} target
 * @param {string} bundleText
 */
export function problemsOf(path, { platform, arch }, bundleText) {
  const file = readFileSync(path);
  const machine = readMachine[platform](file);
  return [
    machine === undefined && `it is no ${platform} executable`,
    machine !== undefined && machine !== machines[platform][arch] && `it is for another processor (${machine})`,
    !file.includes(`${FUSE}:1`) && 'Node in it does not look for a blob',
    !file.includes(bundleText) && 'the bundle is not in it',
  ].filter((problem) => problem !== false);
}

// The processor that the file's header names; undefined when it is a file of another kind.
const readMachine = {
  linux: (file) => (file.toString('latin1', 0, 4) === '\x7fELF' ? file.readUInt16LE(18) : undefined),
  windows: (file) =>
    file.toString('latin1', 0, 2) === 'MZ' ? file.readUInt16LE(file.readUInt32LE(0x3c) + 4) : undefined,
  darwin: (file) => (file.readUInt32LE(0) === 0xfeedfacf ? file.readUInt32LE(4) : undefined),
};
