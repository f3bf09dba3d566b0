// A single executable: Node's binary with the bundle and the shipped files as a blob inside it.

import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Failure, root } from '../project.mjs';
import { binaryIn, nodePackage } from './node-package.mjs';
import { builderNode, targetNode } from './platforms.mjs';
import { shipFiles } from './shipped-files.mjs';
import { withoutSignature } from './windows-signature.mjs';

// Node looks for the blob only when the digit after this is not 0.
export const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/**
 * Makes the executable in `work`, from the bundle there, and returns its path and the text of Node's licence. No snapshot,
 * and no code cache, which would save some 40 ms at start: both belong to one platform, and what is tested here is to be
 * what runs there.
 * @param {import('./platforms.mjs').Target} target
 */
export function makeExecutable(target, work, bundlePath) {
  const builder = nodePackage(builderNode(target));
  const blob = makeBlob(binaryIn(builder), work, bundlePath);
  const executable = join(work, target.platform === 'windows' ? 'tidings.exe' : 'tidings');
  copyFileSync(binaryIn(nodePackage(targetNode(target))), executable);
  chmodSync(executable, 0o755);
  if (target.platform === 'windows') writeFileSync(executable, withoutSignature(readFileSync(executable)));
  inject(executable, blob);
  if (process.platform === 'darwin' && target.platform === 'darwin') {
    run('codesign', ['--sign', '-', executable], 'the executable could not be signed');
  }
  return { executable, nodeLicense: readFileSync(join(builder, 'LICENSE'), 'utf8') };
}

// All paths are relative: that of the bundle is kept, and stands in stack traces.
function makeBlob(node, work, bundlePath) {
  const folder = join(work, 'files');
  mkdirSync(folder);
  const paths = shipFiles(folder);
  writeFileSync(join(folder, 'index.json'), JSON.stringify(paths));
  const config = {
    main: relative(work, bundlePath),
    output: 'blob',
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false,
    assets: Object.fromEntries(['index.json', ...paths].map((path) => [path, `files/${path}`])),
  };
  writeFileSync(join(work, 'sea.json'), JSON.stringify(config));
  run(node, ['--experimental-sea-config', 'sea.json'], 'no blob was made', work);
  return join(work, 'blob');
}

// In a process of its own: it takes a gigabyte of memory, and warns of what does not matter.
function inject(executable, blob) {
  const postject = join(root, 'node_modules/postject/dist/cli.js');
  const args = [executable, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE, '--macho-segment-name', 'NODE_SEA'];
  run(process.execPath, [postject, ...args], 'the blob could not be put into the executable');
}

function run(command, args, problem, cwd) {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (done.status === 0) return;
  const said = `${done.stdout ?? ''}${done.stderr ?? ''}${done.error?.message ?? ''}`;
  const hint = said.includes('libatomic') ? ' (on Debian: apt-get install libatomic1)' : '';
  throw new Failure(`${said.trimEnd()}\n${problem}${hint}`);
}
