import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { packaging } from '../support/packaging.ts';
import { projectRoot } from '../support/project.ts';
import { makeTempDir } from '../support/temp-dir.ts';

test('every Node that an executable is made of, or by, is pinned', async () => {
  const { architectures, builderNode, platforms, readTarget, targetNode } = await packaging<Platforms>('platforms.mjs');
  const pinned = JSON.parse(
    await readFile(join(projectRoot, 'scripts/packaging/node-packages.json'), 'utf8'),
  ) as object;
  const specs = platforms
    .filter((platform) => platform !== 'freebsd')
    .flatMap((platform) => architectures.map((arch) => readTarget([platform, arch])))
    .flatMap((target) => [targetNode(target), builderNode(target)])
    .map(({ name, version: nodeVersion }) => `${name}@${nodeVersion}`);
  assert.equal(specs.length, 12);
  for (const spec of specs) assert.ok(spec in pinned, `${spec} is not pinned`);
});

test('a fetched Node that is not what was pinned is refused', async (t) => {
  const { verify } = await packaging<NodePackage>('node-package.mjs');
  const file = join(await makeTempDir(t), 'archive.tgz');
  await writeFile(file, 'what was pinned');
  const integrity = `sha512-${createHash('sha512').update('what was pinned').digest('base64')}`;
  verify(file, integrity, 'node@1');
  await writeFile(file, 'what was pinned, and a bit more');
  assert.throws(() => verify(file, integrity, 'node@1'), /node@1 is not what was pinned/);
});

test('a bundle that could not stand alone is refused', async () => {
  const { assertStandsAlone } = await packaging<Bundle>('bundle.mjs');
  const text = 'tidingsBundleUrl = 1; tidingsBundleUrl';
  assertStandsAlone(text, [{ path: 'node:fs' }, { path: 'zlib' }, { path: 'bufferutil' }]);
  assert.throws(() => assertStandsAlone(text, [{ path: 'left-pad' }]), /would need left-pad/);
  assert.throws(() => assertStandsAlone(`${text} tidingsBundleUrl`, []), /import\.meta\.url is used 2 times/);
});

test('a Windows executable loses its signature and its checksum, and nothing else', async () => {
  const { withoutSignature } = await packaging<WindowsSignature>('windows-signature.mjs');
  const signed = portableExecutable();
  const content = Buffer.from(signed.subarray(0, 1_000));
  const stripped = withoutSignature(signed);
  assert.equal(stripped.length, 1_000);
  // The entry of the signature in the directories, and the checksum.
  content.fill(0, 64 + 24 + 144, 64 + 24 + 152).fill(0, 64 + 24 + 64, 64 + 24 + 68);
  assert.deepEqual(stripped, content);
  assert.equal(withoutSignature(Buffer.from(stripped)).length, 1_000, 'without a signature it stays as it is');

  assert.throws(() => withoutSignature(Buffer.concat([portableExecutable(), Buffer.alloc(8)])), /not at the end/);
  assert.throws(() => withoutSignature(Buffer.alloc(1_000)), /no 64-bit Windows executable/);
});

test('an ad hoc signature covers every page of a Mach-O file', async () => {
  const { withAdHocSignature } = await packaging<MacosSignature>('macos-signature.mjs');
  const signed = withAdHocSignature(machO(16), 'tidings');
  assert.deepEqual(badPages(signed), []);
  assert.equal(signed.readUInt32LE(16), 3, 'load commands');

  const changed = Buffer.from(signed);
  changed.writeUInt8(changed.readUInt8(4_500) ^ 1, 4_500);
  assert.deepEqual(badPages(changed), [1]);
  assert.throws(() => withAdHocSignature(signed, 'tidings'), /signed already/);
  assert.throws(() => withAdHocSignature(machO(8), 'tidings'), /no room/);
});

interface Node {
  readonly name: string;
  readonly version: string;
}
interface Platforms {
  readonly platforms: readonly string[];
  readonly architectures: readonly string[];
  readTarget(args: readonly string[]): unknown;
  targetNode(target: unknown): Node;
  builderNode(target: unknown): Node;
}
interface NodePackage {
  verify(file: string, integrity: string, what: string): void;
}
interface Bundle {
  assertStandsAlone(text: string, imports: readonly { path: string }[]): void;
}
interface MacosSignature {
  withAdHocSignature(file: Buffer, identifier: string): Buffer;
}
interface WindowsSignature {
  withoutSignature(file: Buffer): Buffer;
}

/** The least that passes for an executable: `__TEXT` with a section, `__LINKEDIT`, and `room` bytes for more commands. */
function machO(room: number): Buffer {
  const bytes = 5_000;
  const commandsEnd = 32 + (72 + 80) + 72;
  const file = Buffer.alloc(bytes, 0xab).fill(0, 0, commandsEnd + room);
  file.writeUInt32LE(0xfeedfacf, 0);
  file.writeUInt32LE(2, 16);
  file.writeUInt32LE(commandsEnd - 32, 20);
  const text = segment('__TEXT', 0, 1_000, commandsEnd + room);
  Buffer.concat([text, segment('__LINKEDIT', 1_000, bytes - 1_000)]).copy(file, 32);
  return file;
}

function segment(name: string, offset: number, size: number, sectionAt?: number): Buffer {
  const command = Buffer.alloc(72 + (sectionAt === undefined ? 0 : 80));
  command.writeUInt32LE(0x19, 0);
  command.writeUInt32LE(command.length, 4);
  command.write(name, 8, 'latin1');
  command.writeBigUInt64LE(BigInt(offset), 40);
  command.writeBigUInt64LE(BigInt(size), 48);
  if (sectionAt !== undefined) {
    command.writeUInt32LE(1, 64);
    command.writeUInt32LE(sectionAt, 72 + 48);
  }
  return command;
}

/** The pages whose hash in the signature is not that of their content; throws when the signature is not at the file's end. */
function badPages(file: Buffer): number[] {
  let at = 32;
  while (file.readUInt32LE(at) !== 0x1d) at += file.readUInt32LE(at + 4);
  const start = file.readUInt32LE(at + 8);
  assert.equal(start + file.readUInt32LE(at + 12), file.length);
  const directory = file.subarray(start + file.readUInt32BE(start + 16));
  assert.deepEqual([file.readUInt32BE(start), directory.readUInt32BE(0)], [0xfade0cc0, 0xfade0c02]);
  assert.equal(directory.readUInt32BE(32), start, 'all before the signature is signed');
  assert.deepEqual([...directory.subarray(36, 40)], [32, 2, 0, 12], 'SHA-256, in pages of 2^12 bytes');
  const hashes = directory.subarray(directory.readUInt32BE(16));
  return Array.from({ length: directory.readUInt32BE(28) }, (_, page) => page).filter((page) => {
    const content = file.subarray(page * 4_096, Math.min((page + 1) * 4_096, start));
    const hash = createHash('sha256').update(content).digest();
    return !hash.equals(hashes.subarray(page * 32, (page + 1) * 32));
  });
}

/** The header of a 64-bit Windows executable, with 1,000 bytes of content, and a signature of 50. */
function portableExecutable(): Buffer {
  const file = Buffer.alloc(1_050, 0xab);
  const header = 64 + 24;
  file.write('MZ', 0, 'latin1');
  file.writeUInt32LE(64, 0x3c);
  file.writeUInt16LE(0x20b, header);
  file.writeUInt32LE(1_000, header + 144);
  file.writeUInt32LE(50, header + 148);
  return file;
}
