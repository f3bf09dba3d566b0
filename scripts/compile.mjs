// TypeScript to JavaScript, only when something that goes into it has changed.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Failure, root, say, seconds } from './project.mjs';
import { BILL, billOfMaterials, billText } from './sbom.mjs';

/**
 * What can be compiled. `assets` pairs a source folder with where its files other than TypeScript go, within `out`; with
 * `bill`, a bill of materials is laid beside them.
 * @typedef {{ out: string, project: string, sources: string[], inputs: string[], assets: [string, string][], entry: string, bill: boolean }} Target
 */

/** @type {Target} */
export const server = {
  out: 'dist',
  project: 'tsconfig.json',
  sources: ['src'],
  inputs: ['tsconfig.json', 'package.json', 'package-lock.json', 'scripts/compile.mjs', 'scripts/sbom.mjs'],
  assets: [['src', '.']],
  entry: 'main.js',
  bill: true,
};

/** @type {Target} */
export const tests = {
  out: 'build',
  project: 'test/tsconfig.json',
  sources: ['src', 'test', 'bench'],
  inputs: ['tsconfig.json', 'test/tsconfig.json', 'package-lock.json', 'scripts/compile.mjs'],
  assets: [['src', 'src']],
  entry: 'test',
  bill: false,
};

const STAMP = '.inputs';

/**
 * True when the output was made from the very inputs that are there now: names and contents, not times, which copies and
 * check-outs change. An output that came without its sources is as fresh as it can be.
 */
export function isFresh(target, dir = root) {
  const out = join(dir, target.out);
  if (!existsSync(join(out, target.entry))) return false;
  if (!existsSync(join(dir, target.project)) || !existsSync(join(dir, target.sources[0] ?? ''))) return true;
  try {
    return readFileSync(join(out, STAMP), 'utf8') === fingerprint(target, dir);
  } catch {
    return false;
  }
}

/**
 * Compiles into a folder of its own and puts it in place only when the compiler is content: a failed build leaves the
 * last good one, and files whose source is gone do not stay behind. Throws Failure with the compiler's words.
 */
export function compile(target) {
  const sinceMs = performance.now();
  const out = join(root, target.out);
  const next = `${out}.next-${process.pid}`;
  const old = `${out}.old-${process.pid}`;
  const stamp = fingerprint(target, root);
  try {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const done = spawnSync(process.execPath, [tsc, '-p', target.project, '--outDir', next], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (done.status !== 0) throw new Failure(`${done.stdout}${done.stderr}tsc -p ${target.project} failed`);
    for (const [from, to] of target.assets) copyAssets(join(root, from), join(next, to));
    if (target.bill) writeFileSync(join(next, BILL), billText(billOfMaterials()));
    writeFileSync(join(next, STAMP), stamp);
    if (existsSync(out)) renameSync(out, old);
    renameSync(next, out);
  } finally {
    rmSync(next, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
  say(`built ${target.out}/ in ${seconds(sinceMs)}`);
}

/** One hash over the names and contents of everything that the output is made from. */
export function fingerprint(target, dir) {
  const hash = createHash('sha256');
  const files = [...target.inputs, ...target.sources.flatMap((folder) => filesBelow(dir, folder))];
  for (const file of files.sort((a, b) => (a < b ? -1 : 1))) {
    if (!existsSync(join(dir, file))) continue;
    const content = readFileSync(join(dir, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

function filesBelow(dir, folder) {
  if (!existsSync(join(dir, folder))) return [];
  return readdirSync(join(dir, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)));
}

function copyAssets(from, to) {
  for (const file of filesBelow(from, '.')) {
    if (file.endsWith('.ts')) continue;
    mkdirSync(dirname(join(to, file)), { recursive: true });
    copyFileSync(join(from, file), join(to, file));
  }
}
