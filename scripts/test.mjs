// `npm test`: everything that has to hold before a change lands, from a fresh clone on.
//
//   npm test                        every check and every test
//   npm test -- lint unit           only these stages: format, lint, unit, contract, integration, fuzz, e2e, chaos, ha
//   npm test -- --only=redis        only the test files whose path contains this
//
// Its last line is always the sums: `N passed, N failed`. It exits 0 only when something passed and nothing failed or was
// skipped.

import './require-node.mjs';
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compile, isFresh, server, tests } from './compile.mjs';
import { installDependencies, missingDependency } from './dependencies.mjs';
import { oneAtATime } from './one-at-a-time.mjs';
import { Failure, root, seconds } from './project.mjs';
import { installComponents } from './system-packages.mjs';
import { killRunning } from './test-file.mjs';
import { filesOf, groups, runGroup } from './test-groups.mjs';

const RUN_LIMIT_MS = 15 * 60_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

const FORMATTED = ['**/*.{ts,mjs,cjs,js,json,css,html,yaml,yml}', '!bench/results/**', '!test/ha/results/**'];

const checks = [
  { name: 'format', run: () => runTool('prettier/bin/prettier.cjs', ['--check', '--log-level=warn', ...FORMATTED]) },
  { name: 'lint', run: () => runTool('oxlint/bin/oxlint', ['--type-aware', '--deny-warnings', '--format=unix']) },
];

/** @type {{ passed: number, skipped: number, failures: string[] }} */
const total = { passed: 0, skipped: 0, failures: [] };

/** What the arguments ask for. Without any: everything. */
function choose(args) {
  const only = args.find((arg) => arg.startsWith('--only='))?.slice('--only='.length);
  const named = args.filter((arg) => !arg.startsWith('--only='));
  const stages = [...checks, ...groups].map(({ name }) => name);
  const unknown = named.find((name) => !stages.includes(name));
  if (unknown !== undefined)
    throw new Failure(`there is no '${unknown}': choose among ${stages.join(', ')}, --only=PATH`);
  const isWanted = ({ name }) => named.length === 0 || named.includes(name);
  return {
    only,
    checks: checks.filter((check) => isWanted(check) && (only === undefined || named.includes(check.name))),
    groups: groups.filter(isWanted),
  };
}

async function run(args) {
  const chosen = choose(args);
  rmSync(join(root, 'artifacts'), { recursive: true, force: true });
  if (chosen.groups.some(({ name }) => name !== 'unit')) await stage('components', installComponents);
  await stage('packages', () => oneAtATime(installPackages));
  // One of them takes one core, and longer than the build.
  const checking = chosen.checks.map(({ name, run }) => ({ name, outcome: outcomeOf(run()) }));
  if (chosen.groups.length > 0) await stage('build', () => oneAtATime(build));
  for (const { name, outcome } of checking) await stage(name, () => check(name, outcome));
  if (chosen.groups.length === 0) return;
  let fileCount = 0;
  for (const group of chosen.groups) {
    const files = filesOf(group, chosen.only);
    fileCount += files.length;
    if (files.length > 0) await stage(group.name, async () => add(await runGroup(group, files)));
  }
  if (fileCount === 0) throw new Failure('no test file was found');
}

async function stage(name, work) {
  console.log(`\n== ${name}`);
  const sinceMs = performance.now();
  await work();
  console.log(`== ${name}: ${seconds(sinceMs)}`);
}

// A check that fails does not keep the tests from telling what they find.
async function check(name, outcome) {
  const error = await outcome;
  if (error === undefined) {
    total.passed += 1;
    return;
  }
  if (!(error instanceof Failure)) throw error;
  console.log(error.message);
  total.failures.push(name);
}

/** What it rejects with, or undefined; so that nobody has to wait for it yet. */
function outcomeOf(work) {
  return work.then(
    () => undefined,
    (error) => error,
  );
}

async function runTool(script, args) {
  const done = promisify(execFile)(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  await done.catch(({ message, stdout, stderr }) => {
    throw new Failure(`${stdout}${stderr}`.trimEnd() || message);
  });
}

function installPackages() {
  const missing = missingDependency({ dev: true });
  if (missing !== undefined) installDependencies(missing);
}

function build() {
  for (const target of [server, tests]) if (!isFresh(target)) compile(target);
}

function add({ passed, skipped, failures }) {
  total.passed += passed;
  total.skipped += skipped;
  total.failures.push(...failures);
}

function finish() {
  const { passed, skipped, failures } = total;
  if (failures.length > 0) console.log(`\nfailed:\n${failures.map((failure) => `  ${failure}`).join('\n')}`);
  console.log(`\n${passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exitCode = passed > 0 && failures.length === 0 && skipped === 0 ? 0 : 1;
}

function stop(reason) {
  killRunning();
  total.failures.push(reason);
  finish();
  process.exit();
}

setTimeout(stop, RUN_LIMIT_MS, `the whole run took longer than ${RUN_LIMIT_MS / 60_000} minutes`).unref();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => stop(`stopped by ${signal}`));

try {
  await run(process.argv.slice(2));
} catch (error) {
  console.log(error instanceof Failure ? error.message : error.stack);
  total.failures.push(error.message.split('\n').at(-1));
}
finish();
