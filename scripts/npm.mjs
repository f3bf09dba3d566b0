// The npm that stands beside the Node that runs us.

import { spawnSync } from 'node:child_process';
import { Failure } from './project.mjs';

/** Runs npm to its end in `cwd` and returns what it did: status, signal, stdout, stderr. Throws Failure when there is no npm. */
export function runNpm(args, cwd) {
  const { command, args: all, shell } = npm(args);
  const done = spawnSync(command, all, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], shell });
  if (done.error !== undefined) throw new Failure(`npm could not be started: ${done.error.message}`);
  return done;
}

// The npm that runs us, when one does (yarn and pnpm set the same variable); otherwise the one on the PATH, which is a
// .cmd file on Windows and needs a shell there.
function npm(args) {
  const cli = process.env.npm_execpath ?? '';
  if (/npm-cli\.c?js$/.test(cli)) return { command: process.execPath, args: [cli, ...args], shell: false };
  return { command: 'npm', args, shell: process.platform === 'win32' };
}
