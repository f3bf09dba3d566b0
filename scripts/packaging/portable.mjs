// The bundle for a machine that has its own Node: one folder, packed.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../project.mjs';
import { oldestNode, shipFiles, version } from './shipped-files.mjs';

const NAME = `tidings-${version}`;

/**
 * Packs `tidings-VERSION/` with the launcher, the bundle and what ships beside it. Returns the archive's path.
 * @param {Record<string, string>} papers texts by the names of their files: what it is made of, and under which terms
 */
export function makePortable(work, bundlePath, papers) {
  const folder = join(work, NAME);
  mkdirSync(folder);
  shipFiles(folder);
  copyFileSync(bundlePath, join(folder, 'tidings.cjs'));
  for (const [name, text] of Object.entries(papers)) writeFileSync(join(folder, name), text);
  const launcher = readFileSync(new URL('launcher.sh', import.meta.url), 'utf8').replace('@OLDEST_NODE@', oldestNode);
  writeFileSync(join(folder, 'tidings'), launcher, { mode: 0o755 });
  const archive = join(work, 'tidings.tar.gz');
  tar(['-czf', archive, '-C', work, NAME]);
  return archive;
}

/** Unpacks an archive of makePortable into a new folder and returns the path of the launcher. */
export function unpack(archive, folder) {
  mkdirSync(folder);
  tar(['-xzf', archive, '-C', folder]);
  return join(folder, NAME, 'tidings');
}

function tar(args) {
  const done = spawnSync('tar', args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Failure(`${done.stderr ?? ''}${done.error?.message ?? ''}\n'tar ${args[0]}' failed`);
}
