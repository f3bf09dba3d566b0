// A single executable: Node's binary with the bundle and the shipped files as a blob inside it.

import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Failure, root } from '../project.mjs';
import { withAdHocSignature } from './macos-signature.mjs';
import { binaryIn, integrityOf, nodePackage } from './node-package.mjs';
import { builderNode, targetNode } from './platforms.mjs';
import { shipFiles } from './shipped-files.mjs';
import { withoutSignature } from './windows-signature.mjs';

// Node looks for the blob only when the digit after this is not 0.
export const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/**
 * Makes the executable in `work`, from the bundle there, and returns its path, the package that the Node in it was taken
 * from, and the text of Node's licence. No snapshot, and no code cache, which would save some 40 ms at start: both belong
 * to one platform, and what is tried here is to be what runs there.
 */
export function makeExecutable(target, work, bundlePath) {
  const builder = nodePackage(builderNode(target));
  const source = join(work, 'node');
  const executable = join(work, target.platform === 'windows' ? 'tidings.exe' : 'tidings');
  copyFileSync(binaryIn(nodePackage(targetNode(target))), source);
  if (target.platform === 'windows') writeFileSync(source, withoutSignature(readFileSync(source)));

  const config = seaConfig(work, bundlePath);
  if (buildsItself(targetNode(target))) {
    writeFileSync(join(work, 'sea.json'), JSON.stringify({ ...config, executable: source, output: executable }));
    run(binaryIn(builder), ['--build-sea', 'sea.json'], 'the executable was not made', work);
  } else {
    writeFileSync(join(work, 'sea.json'), JSON.stringify({ ...config, output: 'blob' }));
    run(binaryIn(builder), ['--experimental-sea-config', 'sea.json'], 'no blob was made', work);
    copyFileSync(source, executable);
    inject(executable, join(work, 'blob'));
  }

  if (target.name === 'darwin-arm64')
    writeFileSync(executable, withAdHocSignature(readFileSync(executable), 'tidings'));
  chmodSync(executable, 0o755);
  const node = { ...targetNode(target), integrity: integrityOf(targetNode(target)) };
  return { executable, node, nodeLicense: readFileSync(join(builder, 'LICENSE'), 'utf8') };
}

// All paths are relative to `work`: that of the bundle is kept, and stands in stack traces.
function seaConfig(work, bundlePath) {
  const folder = join(work, 'files');
  mkdirSync(folder);
  const paths = shipFiles(folder);
  writeFileSync(join(folder, 'index.json'), JSON.stringify(paths));
  return {
    main: relative(work, bundlePath),
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false,
    assets: Object.fromEntries(['index.json', ...paths].map((path) => [path, `files/${path}`])),
  };
}

// From 25.5 on, Node puts a blob into an executable itself, and for macOS only so: postject adds a segment without
// counting it among those that dyld relocates, which newer versions of macOS refuse.
function buildsItself({ version }) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 25 || (major === 25 && minor >= 5);
}

// In a process of its own: it takes a gigabyte of memory, and warns of what does not matter.
function inject(executable, blob) {
  const postject = join(root, 'node_modules/postject/dist/cli.js');
  const args = [executable, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE];
  run(process.execPath, [postject, ...args], 'the blob could not be put into the executable');
}

function run(command, args, problem, cwd) {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (done.status === 0) return;
  const said = `${done.stdout ?? ''}${done.stderr ?? ''}${done.error?.message ?? ''}`;
  const hint = said.includes('libatomic') ? ' (on Debian: apt-get install libatomic1)' : '';
  throw new Failure(`${said.trimEnd()}\n${problem}${hint}`);
}
