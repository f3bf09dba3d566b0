// `./build.sh PLATFORM [ARCH]`: a single executable, or for FreeBSD a portable bundle, in dist-bin/.

import '../require-node.mjs';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, isFresh, server } from '../compile.mjs';
import { installDependencies, missingDependency } from '../dependencies.mjs';
import { oneAtATime } from '../one-at-a-time.mjs';
import { Failure, root, seconds } from '../project.mjs';
import { BILL, billOfBundle, billText } from '../sbom.mjs';
import { readTarget, runsHere, UsageError } from './platforms.mjs';

const EXIT_USAGE = 64;

async function build(target) {
  const sinceMs = performance.now();
  await oneAtATime(prepare);
  // Outside the project, so that nothing built can find the project's node_modules while it is tried.
  const work = mkdtempSync(join(tmpdir(), 'tidings-build-'));
  try {
    const made = target.platform === 'freebsd' ? await makeArchive(work) : await makeBinary(target, work);
    const tried = made.runnable === undefined ? undefined : await trySmoke(made.runnable);
    const path = place(made, target);
    const megabytes = (statSync(join(root, path)).size / 1e6).toFixed(1);
    console.log(`${path}  ${megabytes} MB, ${seconds(sinceMs)}, ${tried ?? 'not tried: this machine cannot run it'}`);
    for (const note of notes(target)) console.log(note);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function prepare() {
  const missing = missingDependency({ dev: true });
  if (missing !== undefined) installDependencies(missing);
  if (!isFresh(server)) compile(server);
}

// What needs the installed packages is imported once they are there.

async function makeBinary(target, work) {
  const { bundlePath, packages, licenseText, bill } = await bundleInto(work);
  const { makeExecutable } = await import('./executable.mjs');
  const { problemsOf } = await import('./inspect.mjs');
  const { executable, node, nodeLicense } = makeExecutable(target, work, bundlePath);
  const problems = problemsOf(executable, target, readFileSync(bundlePath));
  if (problems.length > 0) throw new Failure(`what was built is not right: ${problems.join('; ')}`);
  const suffix = target.platform === 'windows' ? '.exe' : '';
  const beside = {
    'licenses.txt': licenseText(packages, nodeLicense),
    [BILL]: billText(billOfBundle(bill, packages, node)),
  };
  return { file: executable, suffix, beside, runnable: runsHere(target) ? executable : undefined };
}

async function makeArchive(work) {
  const { bundlePath, packages, licenseText, bill } = await bundleInto(work);
  const { makePortable, unpack } = await import('./portable.mjs');
  const papers = { 'LICENSES.txt': licenseText(packages), [BILL]: billText(billOfBundle(bill, packages)) };
  const file = makePortable(work, bundlePath, papers);
  // An archive has them inside.
  return { file, suffix: '.tar.gz', beside: {}, runnable: unpack(file, join(work, 'unpacked')) };
}

async function bundleInto(work) {
  const { bundle } = await import('./bundle.mjs');
  const { licenseText } = await import('./licenses.mjs');
  const bundlePath = join(work, 'tidings.cjs');
  const bill = JSON.parse(readFileSync(join(root, 'dist', BILL), 'utf8'));
  return { bundlePath, licenseText, bill, packages: await bundle(bundlePath) };
}

async function trySmoke(command) {
  const { smoke } = await import('./smoke.mjs');
  const queues = await smoke(command);
  const untried = queues.length === 1 ? ' (redis and bullmq not tried: no redis-server in PATH)' : '';
  return `tried with ${queues.join(', ')}${untried}`;
}

// By a rename, so that an executable that is running meanwhile goes on with its own.
function place({ file, suffix, beside }, { name }) {
  const path = `dist-bin/tidings-${name}${suffix}`;
  mkdirSync(join(root, 'dist-bin'), { recursive: true });
  for (const [kind, text] of Object.entries(beside)) {
    writeFileSync(join(root, `dist-bin/tidings-${name}.${kind}`), text);
  }
  const next = join(root, `${path}.${process.pid}`);
  copyFileSync(file, next);
  renameSync(next, join(root, path));
  return path;
}

function notes({ name }) {
  if (name.startsWith('windows')) return ['It is not signed: Windows may ask before it runs it for the first time.'];
  if (name === 'darwin-arm64')
    return ['It is signed ad hoc. If macOS ends it with "Killed: 9": codesign --force --sign - FILE'];
  if (name === 'darwin-x64')
    return ['It is not signed, and Node promises nothing for single executables on Intel Macs.'];
  return [];
}

try {
  await build(readTarget(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError) && !(error instanceof Failure)) throw error;
  console.error(`build.sh: ${error.message}`);
  process.exitCode = error instanceof UsageError ? EXIT_USAGE : 1;
}
