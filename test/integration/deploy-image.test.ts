import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { startChild } from '../support/child.ts';
import { within } from '../support/deadline.ts';
import { freePort } from '../support/free-port.ts';
import { plainEnvironment } from '../support/instance.ts';
import { packagesOf, type Lock } from '../support/lock-rules.ts';
import { substitute } from '../support/nginx.ts';
import { post } from '../support/post.ts';
import { projectRoot } from '../support/project.ts';
import { runProgram } from '../support/run-command.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { connectWs } from '../support/ws-client.ts';
import { contextNames, copy, filesBelow, readDockerfile, type Instruction } from './deploy/dockerfile.ts';
import { dockerfile, imageEnvironment } from './deploy/settings.ts';

/** Two installs and a compilation: some 15 s, and a busy machine takes several times that. */
const stepLimitMs = 90_000;

const ignore = readFileSync(join(projectRoot, '.dockerignore'), 'utf8');
const [build, dependencies, image] = dockerfile.stages;
assert.ok(build && dependencies && image && dockerfile.stages.length === 3);

/** What the image says of itself. The last one counts, and there is one of each. */
function setting(name: string): string {
  const found = image?.instructions.filter((instruction) => instruction.name === name) ?? [];
  assert.equal(found.length, 1, name);
  return found[0]?.rest ?? '';
}

function words(name: string): readonly string[] {
  return JSON.parse(setting(name)) as string[];
}

test('the Dockerfile: what an image should say of itself', () => {
  const { args, stages } = dockerfile;
  assert.deepEqual(
    args,
    [{ name: 'ARG', rest: 'NODE_IMAGE=node:24-bookworm-slim' }],
    'one Node for all, and not `latest`',
  );
  for (const { base } of stages) assert.equal(base, '${NODE_IMAGE}');
  assert.match(setting('USER'), /^[1-9]\d*:[1-9]\d*$/, 'not root, and by number');
  assert.equal(setting('STOPSIGNAL'), 'SIGTERM');
  assert.equal(setting('EXPOSE'), '3210');
  // In the form of a list: no shell that keeps the signals to itself.
  assert.deepEqual([...words('ENTRYPOINT'), ...words('CMD')], ['node', 'dist/main.js', 'serve']);
  assert.doesNotMatch(JSON.stringify(image), /insecure/i, 'who runs it says so, not the image');
  // Each RUN of npm takes the lock file at its word, and lets no package run anything.
  const installs = stages.flatMap(({ instructions }) => runs(instructions)).filter((line) => line.includes('npm ci'));
  assert.equal(installs.length, 2);
  for (const line of installs) assert.match(line, / --ignore-scripts /);
  assert.doesNotMatch(stages.flatMap(({ instructions }) => runs(instructions)).join('\n'), /npm install|curl|wget|apt/);
});

test('the commands of the Dockerfile make an instance that serves, is healthy, and keeps to its directory', async (t) => {
  const work = await makeTempDir(t);
  const context = join(work, 'context');
  const offered = contextNames(ignore);
  const known = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...offered],
    { cwd: projectRoot, encoding: 'utf8' },
  );
  for (const file of known.split('\0').filter((name) => name !== '')) {
    cpSync(join(projectRoot, file), join(context, file), { recursive: true });
  }
  for (const name of offered)
    assert.ok(existsSync(join(context, name)), `.dockerignore includes ${name}, which is nowhere`);

  const roots = new Map<string | undefined, string>([[undefined, context]]);
  const data = join(work, 'data');
  for (const stage of [build, dependencies, image]) {
    const app = join(work, stage.name ?? 'image');
    mkdirSync(app);
    roots.set(stage.name ?? 'image', app);
    for (const { name, rest } of stage.instructions) {
      if (name === 'WORKDIR') assert.equal(rest, '/app');
      if (name === 'COPY') {
        // Of another stage by its absolute path, which is in its working directory.
        copy(rest.replace(' /app/', ' '), app, (from) => roots.get(from) ?? assert.fail(`no stage ${from}`));
      }
      if (name === 'RUN') await run(inPlace(rest, data), app);
    }
  }
  const app = join(work, 'image');
  const packages = filesBelow(join(app, 'node_modules')).filter((file) => /^[^/]+\/package.json$/.test(file));
  const names = packages.map((file) => dirname(file));
  assert.ok(names.includes('bullmq') && names.includes('ws'), 'what the server needs is in the image');
  for (const name of ['typescript', 'esbuild', 'playwright-core']) assert.ok(!names.includes(name), `${name} is in it`);
  assert.deepEqual(
    filesBelow(app).filter((file) => file.endsWith('.ts') && !file.includes('node_modules')),
    [],
  );
  // The bill of materials that the build has left there knows of every one of them.
  const lock = JSON.parse(readFileSync(join(app, 'node_modules/.package-lock.json'), 'utf8')) as Lock;
  const bill = readFileSync(join(app, 'dist/sbom.cdx.json'), 'utf8');
  const installed = packagesOf(lock);
  assert.ok(installed.length >= packages.length);
  for (const { name, version } of installed) assert.ok(bill.includes(`"bom-ref": "${name}@${version}"`), name);

  // As Docker would start it, but for the port and the address: ENV, WORKDIR, ENTRYPOINT and CMD.
  const port = String(await freePort());
  const env = { ...plainEnvironment(), ...imageEnvironment(), TIDINGS_PORT: port, TIDINGS_ADMIN_PORT: '0' };
  const start = (more: NodeJS.ProcessEnv) => {
    const [command = '', ...rest] = [...words('ENTRYPOINT'), ...words('CMD')];
    return startChild(command, rest, { cwd: app, env: { ...env, ...more } });
  };
  const refused = await start({});
  assert.equal((await within(refused.exited, 'the refusal')).code, 64);
  assert.match(refused.lines.join('\n'), /host 0\.0\.0\.0 is open to other machines.*--insecure/);

  const health = async (): Promise<number | null> => {
    const [, command = ''] = / CMD (\[.*\])$/.exec(setting('HEALTHCHECK')) ?? [];
    const [program = '', ...rest] = JSON.parse(command) as string[];
    return (await runProgram(program, rest, { cwd: app, env: { TIDINGS_PORT: port } })).code;
  };
  assert.equal(await health(), 1, 'nobody is there');
  // On loopback for the test: nothing of it is to be reached from elsewhere.
  const server = await start({ TIDINGS_HOST: '127.0.0.1', TIDINGS_DATA_DIR: data });
  t.after(() => server.end('SIGTERM'));
  await server.line((line) => line.includes('"event":"listening"'), 'the instance');
  assert.equal(await health(), 0);
  const listener = await connectWs(t, `ws://127.0.0.1:${port}/ws?uid=1`);
  const answer = await post(`http://127.0.0.1:${port}`, { topic: 'all', msg: 'hello' });
  assert.equal(answer.status, 202, answer.text);
  assert.ok(!answer.text.includes('volatile'), 'it is on disk');
  assert.equal(((await listener.next()) as { msg: string }).msg, 'hello');
  const page = await runProgram('curl', ['-sf', `http://127.0.0.1:${port}/demo/`]);
  assert.match(page.stdout, /<!doctype html>/i);
  assert.deepEqual(await server.end(setting('STOPSIGNAL') as NodeJS.Signals, 60_000), { code: 0, signal: null });
});

test('the checks of the Dockerfile find what they are there to find', async (t) => {
  assert.throws(() => readDockerfile('FROM x\nADD https://example.com/a /a\n'), /not an instruction/);
  assert.throws(() => contextNames('node_modules\n'), /exclude everything/);
  assert.throws(() => contextNames('*\n!**\n'), /not a name/);
  const dir = await makeTempDir(t);
  writeFileSync(join(dir, 'a'), '');
  assert.throws(() => copy('b ./', dir, () => dir), /there is no b/);
  assert.throws(() => copy('a ../b', join(dir, 'x'), () => dir), /leaves/);
});

function runs(instructions: readonly Instruction[]): readonly string[] {
  return instructions.filter(({ name }) => name === 'RUN').map(({ rest }) => rest);
}

/** The one path outside of the working directory, and its owner, are the test's. */
function inPlace(command: string, data: string): string {
  if (!command.includes('/var/lib/tidings')) return command;
  const me = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  return substitute(command, [
    ['/var/lib/tidings', data],
    ['1000:1000', me],
  ]);
}

/** With npm's own settings, as this machine has them: a build of an image has a network as well. */
async function run(command: string, cwd: string): Promise<void> {
  const env = { ...process.env, npm_config_prefer_offline: 'true' };
  const child = await startChild('sh', ['-ec', command], { cwd, env });
  const { code } = await within(child.exited, () => `${command}; ${child.lines.join('\n')}`, stepLimitMs);
  assert.equal(code, 0, `${command}\n${child.lines.join('\n')}`);
}
