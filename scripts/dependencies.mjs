// Are the installed packages those of package-lock.json? If not, `npm ci`.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runNpm } from './npm.mjs';
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

/**
 * Makes node_modules what package-lock.json says, development packages included, even under NODE_ENV=production. No package
 * runs a script of its own while it is installed, whatever the settings of npm are.
 */
export function installDependencies(why, dir = root) {
  say(`installing npm packages (${why})`);
  const sinceMs = performance.now();
  const done = runNpm(['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], dir);
  if (done.status !== 0) {
    throw new Failure(`${done.stdout}${done.stderr}\n'npm ci' failed (exit ${done.status ?? done.signal})`);
  }
  const still = missingDependency({ dev: true, dir });
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
