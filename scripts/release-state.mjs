// What stands between this folder and a release, beside its tests: it changes without a change of ours.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runNpm } from './npm.mjs';
import { Failure, root } from './project.mjs';

const AUDIT = ['audit', '--json', '--audit-level=low', '--include=dev', '--package-lock-only'];

/**
 * The vulnerabilities that the registry knows of in the locked packages, those for development too, in words. Throws Failure
 * when it did not tell.
 */
export function knownVulnerabilities(dir = root) {
  const { stdout, stderr } = runNpm(AUDIT, dir);
  let report;
  try {
    report = JSON.parse(stdout);
  } catch {
    throw new Failure(`npm audit did not answer: ${stderr.trim()}`);
  }
  const { vulnerabilities } = report;
  if (vulnerabilities === undefined) {
    throw new Failure(`npm audit could not be asked: ${report.message ?? report.error?.summary ?? stdout.trim()}`);
  }
  return Object.values(vulnerabilities).map(({ name, severity, range, via }) => {
    const titles = via.map((cause) => (typeof cause === 'string' ? `by ${cause}` : cause.title));
    return `${name} ${range}: ${severity}: ${titles.join('; ')}`;
  });
}

/** What keeps this folder from being the release that its package.json names, in words. */
export function unfinished(dir = root) {
  const read = (file) => readFileSync(join(dir, file), 'utf8');
  const { version } = JSON.parse(read('package.json'));
  const locked = JSON.parse(read('package-lock.json')).version;
  const [, newest, dated] = /^## (\S+) - (\S+)$/m.exec(read('CHANGELOG.md')) ?? [];
  return [
    locked !== version && `package-lock.json is of ${locked}, package.json of ${version}`,
    newest !== version && `the newest entry of CHANGELOG.md is ${newest}, package.json is of ${version}`,
    !/^\d{4}-\d{2}-\d{2}$/.test(dated ?? '') && `the newest entry of CHANGELOG.md is not dated: ${dated}`,
    ...uncommitted(dir),
  ].filter((problem) => problem !== false);
}

function uncommitted(dir) {
  const done = spawnSync('git', ['status', '--porcelain'], { cwd: dir, encoding: 'utf8' });
  if (done.status !== 0) return [`git status: ${done.error?.message ?? done.stderr.trim()}`];
  return done.stdout === '' ? [] : ['there is something that is not committed'];
}
