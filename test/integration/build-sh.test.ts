import assert from 'node:assert/strict';
import { chmod, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startChild } from '../support/child.ts';
import type { Scope } from '../support/cleanup.ts';
import { within } from '../support/deadline.ts';
import { packaging } from '../support/packaging.ts';
import { projectRoot } from '../support/project.ts';
import { runProgram } from '../support/run-command.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** Fetching Node, bundling, injecting and trying it with three queues: some 10 s, and a busy machine takes several times that. */
const buildLimitMs = 100_000;

const { version } = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as { version: string };

async function buildSh(...args: readonly string[]) {
  const child = await startChild(join(projectRoot, 'build.sh'), args, { cwd: '/' });
  const { code } = await within(child.exited, () => `build.sh; ${child.lines.join('\n')}`, buildLimitMs);
  return { code, lines: child.lines };
}

test('linux: an executable that has everything inside and delivers by each queue', async (t) => {
  const { code, lines } = await buildSh('linux');
  assert.equal(code, 0, lines.join('\n'));
  const file = `dist-bin/tidings-linux-${process.arch}`;
  const said = lines.find((line) => line.startsWith(file));
  assert.match(said ?? '', /, tried with list, redis, bullmq$/, lines.join('\n'));

  const path = join(projectRoot, file);
  const content = await readFile(path);
  assert.equal(content.includes(projectRoot), false, 'the path of this machine is in the executable');
  const { problemsOf } = await packaging<Inspect>('inspect.mjs');
  const bundled = Buffer.from('tidingsBundleUrl');
  const target = { platform: 'linux', arch: process.arch };
  assert.deepEqual(problemsOf(path, target, bundled), []);

  const cwd = await makeTempDir(t);
  assert.deepEqual(await runProgram(path, ['--version'], { cwd }), { code: 0, stdout: `${version}\n`, stderr: '' });
  const refused = await runProgram(path, ['serve', '--queue=nothing'], { cwd });
  assert.equal(refused.code, 64);

  const licenses = await readFile(`${path}.licenses.txt`, 'utf8');
  for (const name of ['Tidings', 'bullmq', 'ioredis', 'koa', 'ws', 'Node.js']) {
    assert.match(licenses, new RegExp(`^${name}( \\d|$)`, 'm'));
  }
  // Whoever asks what is in it gets the packages whose licences are told, and Node.
  const bill = partsOf(await readFile(`${path}.sbom.cdx.json`, 'utf8'));
  const licensed = [...licenses.matchAll(/^(\S+) (\d\S*) \(\S+\)$/gm)].map(([, name, at]) => `${name}@${at}`);
  const { name: node, version: nodeVersion } = (await packaging<Platforms>('platforms.mjs')).targetNode({
    name: `linux-${process.arch}`,
  });
  assert.deepEqual(bill.sort(), [...licensed, `${node}@${nodeVersion}`].sort());
  assert.ok(licensed.length > 30);

  // The inspection refuses what it is there to refuse.
  assert.deepEqual(problemsOf(process.execPath, target, bundled), [
    'Node in it does not look for a blob',
    'the bundle is not in it',
  ]);
  const other = process.arch === 'x64' ? 'arm64' : 'x64';
  assert.match(problemsOf(path, { platform: 'linux', arch: other }, bundled).join(), /another processor/);
  assert.match(problemsOf(path, { platform: 'darwin', arch: 'arm64' }, bundled).join(), /no darwin executable/);
});

test('freebsd: a bundle whose launcher finds it through a link and tells what is missing', async (t) => {
  const { code, lines } = await buildSh('freebsd');
  assert.equal(code, 0, lines.join('\n'));
  const file = 'dist-bin/tidings-freebsd.tar.gz';
  assert.match(lines.find((line) => line.startsWith(file)) ?? '', /, tried with list, redis, bullmq$/);

  const folder = await makeTempDir(t);
  assert.equal((await runProgram('tar', ['-xzf', join(projectRoot, file), '-C', folder])).code, 0);
  const bill = partsOf(await readFile(join(folder, `tidings-${version}`, 'sbom.cdx.json'), 'utf8'));
  assert.ok(bill.some((part) => part.startsWith('koa@')) && !/^node-\w+-(x64|arm64)@/m.test(bill.join('\n')));
  const launcher = join(folder, `tidings-${version}`, 'tidings');
  const link = join(folder, 'link');
  await symlink(launcher, link);
  assert.deepEqual(await runProgram(link, ['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });

  const needs = 'tidings: needs Node.js 20.19 or newer, and';
  const advice = '(on FreeBSD: pkg install node)\n';
  for (const [found, said] of [
    [undefined, `${needs} there is no node in PATH ${advice}`],
    ['v20.18.3', `${needs} this is v20.18.3 ${advice}`],
    ['v18.20.8', `${needs} this is v18.20.8 ${advice}`],
  ] as const) {
    const PATH = await fakeNode(t, found);
    assert.deepEqual(await runProgram('/bin/sh', [launcher], { env: { PATH } }), {
      code: 69,
      stdout: '',
      stderr: said,
    });
  }
  for (const found of ['v20.19.0', 'v22.0.0', 'v100.1.2']) {
    const PATH = `${await fakeNode(t, found)}:${process.env['PATH']}`;
    const started = await runProgram('/bin/sh', [launcher, 'serve', '--port=1'], { env: { PATH } });
    assert.deepEqual(started, { code: 0, stdout: `started tidings.cjs serve --port=1\n`, stderr: '' });
  }
});

test('wrong usage is one line and exit 64', async () => {
  for (const [args, said] of [
    [[], /^build\.sh: usage: \.\/build\.sh linux\|darwin\|windows\|freebsd \[x64\|arm64\]$/],
    [['plan9'], /no platform 'plan9'/],
    [['linux', 'mips'], /no architecture 'mips'/],
    [['linux', 'x64', 'more'], /'more' is too much/],
  ] as const) {
    const { code, lines } = await buildSh(...args);
    assert.equal(code, 64);
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.match(lines[0] ?? '', said);
  }
});

test('what does not serve does not pass for a server', async (t) => {
  const { smoke } = await packaging<Smoke>('smoke.mjs');
  await assert.rejects(smoke('/bin/false'), /queue list: waited for the server to listen: the program ended \(1\)/);
  // It listens and says that it is ready, and that is all.
  const idle = join(await makeTempDir(t), 'idle.cjs');
  await writeFile(
    idle,
    `#!${process.execPath}
    const server = require('node:http').createServer((request, response) => response.end('hello'));
    server.listen(0, '127.0.0.1', () => {
      console.log(JSON.stringify({ event: 'listening', url: 'http://127.0.0.1:' + server.address().port }));
    });`,
  );
  await chmod(idle, 0o755);
  await assert.rejects(smoke(idle), /queue list: \/demo\/ is not the demo page: 200 hello/);
});

interface Platforms {
  targetNode(target: { name: string }): { name: string; version: string };
}
interface Inspect {
  problemsOf(path: string, target: { platform: string; arch: string }, bundle: Buffer): string[];
}
interface Smoke {
  smoke(command: string): Promise<string[]>;
}

/** What a bill of materials lists. */
function partsOf(text: string): string[] {
  const { components } = JSON.parse(text) as { components: { 'bom-ref': string }[] };
  return components.map(({ 'bom-ref': ref }) => ref);
}

/** A folder with a `node` that says that it is this version and runs nothing; without a version, with the tools of sh only. */
async function fakeNode(scope: Scope, version: string | undefined): Promise<string> {
  const folder = await makeTempDir(scope);
  if (version !== undefined) {
    const script = `#!/bin/sh\n[ "$1" = --version ] && echo ${version} && exit\necho "started \${1##*/} $2 $3"\n`;
    await writeFile(join(folder, 'node'), script, { mode: 0o755 });
  }
  return folder;
}
