// What ships beside the code: read by src/ops/package-file.ts, from an executable or from the folder of a bundle.

import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { root } from '../project.mjs';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The version that is being built. */
export const version = manifest.version;

/** The oldest Node that the server runs on, 'major.minor'. */
export const oldestNode = manifest.engines.node.replace('>=', '');

/** Puts the files into `folder` under the paths that the server knows them by, and returns these paths. */
export function shipFiles(folder) {
  const demo = readdirSync(join(root, 'demo'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
  for (const path of demo) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    copyFileSync(join(root, path), join(folder, path));
  }
  const { name, license, engines } = manifest;
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ name, version, license, engines }, null, 2)}\n`);
  return ['package.json', ...demo];
}
