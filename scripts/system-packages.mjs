// The real components that the tests run against: Debian's packages, installed where that is possible.

import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Failure, say, seconds } from './project.mjs';

/** What each program is called, and the Debian package that brings it. */
export const components = [
  { program: 'redis-server', debian: 'redis-server' },
  { program: 'nginx', debian: 'nginx' },
  { program: 'chromium', debian: 'chromium' },
  { program: 'ab', debian: 'apache2-utils' },
  // Brings libfaketime, which puts the clock of one process wrong.
  { program: 'faketime', debian: 'faketime' },
  { program: 'strace', debian: 'strace' },
  // Looks at the units of deploy/; it starts nothing.
  { program: 'systemd-analyze', debian: 'systemd' },
  { program: 'openssl', debian: 'openssl' },
];

/** Where programs are looked for. Debian leaves the sbin folders out of an ordinary user's PATH, and nginx is in one. */
export const programFolders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Installs what is missing, or throws Failure naming it and the command that brings it. */
export function installComponents() {
  let missing = components.filter(({ program }) => !isInstalled(program));
  if (missing.length === 0) return;
  const packages = missing.map(({ debian }) => debian);
  const command = `apt-get update && apt-get install --no-install-recommends ${packages.join(' ')}`;
  const told = `The tests need ${missing.map(({ program }) => program).join(', ')}. On Debian, as root: ${command}`;
  const asRoot = isInstalled('apt-get') ? rootPrefix() : undefined;
  if (asRoot === undefined) throw new Failure(told);

  say(`installing ${packages.join(' ')} (apt-get)`);
  const sinceMs = performance.now();
  aptGet(asRoot, ['update'], told);
  aptGet(asRoot, ['install', '-y', '--no-install-recommends', ...packages], told);
  missing = components.filter(({ program }) => !isInstalled(program));
  if (missing.length > 0)
    throw new Failure(`after apt-get, still missing: ${missing.map((m) => m.program).join(', ')}`);
  say(`installed in ${seconds(sinceMs)}`);
}

// RUNLEVEL=1 keeps Debian's scripts from starting the services where no systemd runs; where one does, a redis or nginx on
// its usual port disturbs no test, because every test starts its own on a port that is free.
function aptGet(asRoot, args, told) {
  const variables = ['DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', 'LC_ALL=C.UTF-8'];
  const [command = '', ...rest] = [...asRoot, 'env', ...variables, 'apt-get', '-q', ...args];
  const done = spawnSync(command, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (done.status !== 0) {
    throw new Failure(`${done.stdout}${done.stderr}\n'apt-get ${args[0]}' failed (exit ${done.status}). ${told}`);
  }
}

// How a command is run as root: as it is, through a sudo that asks nothing, or not at all.
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  if (!isInstalled('sudo')) return undefined;
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined;
}

function isInstalled(program) {
  return programFolders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
