// Are the installed packages those of package-lock.json? If not, `npm ci`.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, root, say, seconds } from './project.mjs';

/**
 * What keeps node_modules from serving, in a few words, or undefined when all is there. `dev: false` asks for what the
 * server needs to run; `dev: true` also for what builds and tests it. Reads two files and stats one per package.
 *
 * npm writes node_modules/.package-lock.json last, so an interrupted install has none.
 */
export function missingDependency({ dev, dir = root }) {
  const wanted = packagesOf(join(dir, 'package-lock.json'));
  if (wanted === undefined) throw new Failure(`package-lock.json is missing or not readable in ${dir}`);
  const installed = packagesOf(join(dir, 'node_modules/.package-lock.json'));
  if (installed === undefined) return 'node_modules is missing or incomplete';
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.link === true) continue;
    if (!dev && (entry.dev === true || entry.devOptional === true)) continue;
    const found = installed[path];
    // An optional package is not there when it is for another platform.
    if (found === undefined && (entry.optional === true || entry.devOptional === true)) continue;
    if (found?.version !== entry.version || found?.integrity !== entry.integrity) return `${path} is not as locked`;
    if (!existsSync(join(dir, path, 'package.json'))) return `${path} is missing`;
  }
  for (const path of Object.keys(installed)) {
    if (wanted[path] === undefined) return `${path} is not in package-lock.json`;
  }
  return undefined;
}

/** Makes node_modules what package-lock.json says, development packages included, even under NODE_ENV=production. */
export function installDependencies(why) {
  say(`installing npm packages (${why})`);
  const sinceMs = performance.now();
  const { command, args, shell } = npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--prefer-offline']);
  const done = spawnSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], shell });
  if (done.error !== undefined) throw new Failure(`npm could not be started: ${done.error.message}`);
  if (done.status !== 0) {
    throw new Failure(`${done.stdout}${done.stderr}\n'npm ci' failed (exit ${done.status ?? done.signal})`);
  }
  const still = missingDependency({ dev: true });
  if (still !== undefined) throw new Failure(`after 'npm ci', ${still}: is package-lock.json up to date?`);
  say(`installed in ${seconds(sinceMs)}`);
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

// The npm that runs us, when one does (yarn and pnpm set the same variable); otherwise the one on the PATH, which is a
// .cmd file on Windows and needs a shell there.
function npm(args) {
  const cli = process.env.npm_execpath ?? '';
  if (/npm-cli\.c?js$/.test(cli)) return { command: process.execPath, args: [cli, ...args], shell: false };
  return { command: 'npm', args, shell: process.platform === 'win32' };
}
