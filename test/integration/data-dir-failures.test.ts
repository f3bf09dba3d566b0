import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Scope } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { serverEntry } from '../support/project.ts';
import { request } from '../support/request.ts';
import { runProgram, runTidings } from '../support/run-command.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { connectWs } from '../support/ws-client.ts';

const small = ['--retention-bytes=64KiB', '--id-retention-ids=1'];

const start = (scope: Scope, dir: string): Promise<Instance> =>
  startInstance(scope, { flags: [`--data-dir=${dir}`, ...small] });

const send = (instance: Instance, msg: string) => post(instance.url, { topic: 'all', msg });

/** What a client that was away since mid 1 gets, by the length of its text, until `count` came. */
async function mailbox(scope: Scope, instance: Instance, count: number): Promise<string[]> {
  const client = await connectWs(scope, `${instance.wsUrl}/ws?uid=u&mid=1`);
  await client.count(count + 1);
  await client.close();
  return client.frames.slice(1).map((frame) => (frame as { msg: string }).msg);
}

/** Files of the process end here: to whoever writes beyond it, the disk is full. */
const limitFiles = async (instance: Instance, bytes: number | 'unlimited'): Promise<void> => {
  const { code, stderr } = await runProgram('prlimit', [`--pid=${instance.pid}`, `--fsize=${bytes}:unlimited`]);
  assert.equal(code, 0, stderr);
};

test('no room: 503 with the reason, nothing accepted is lost, and it goes on by itself when there is room', async (t) => {
  const dir = await makeTempDir(t);
  const instance = await start(t, dir);
  assert.equal((await send(instance, 'before')).status, 202);
  assert.equal((await request(`${instance.url}/readyz`)).status, 200);

  await limitFiles(instance, 4096);
  const large = 'x'.repeat(30_000);
  const refused = await send(instance, large);
  assert.equal(refused.status, 503, refused.text);
  assert.match(refused.text, /"code":"queue_unavailable"/);
  assert.match(refused.text, /cannot be written: /);
  assert.ok(Number(refused.headers['retry-after']) > 0);
  const notReady = await request(`${instance.url}/readyz`);
  assert.equal(notReady.status, 503);
  assert.match(notReady.text, /cannot be written: /);
  assert.equal((await send(instance, 'small')).status, 503, 'nothing is tried while it is known to fail');

  await limitFiles(instance, 'unlimited');
  await eventually(
    async () => ((await request(`${instance.url}/readyz`)).status === 200 ? true : undefined),
    'readiness',
  );
  assert.equal((await send(instance, 'after')).status, 202);
  assert.deepEqual(await mailbox(t, instance, 2), ['before', 'after']);
  await instance.kill();

  const next = await start(t, dir);
  assert.deepEqual(await mailbox(t, next, 2), ['before', 'after']);
});

test('no room at the start is an error of one line, and changes nothing', async (t) => {
  const dir = await makeTempDir(t);
  const { code, stderr } = await runProgram('prlimit', [
    '--fsize=8192:unlimited',
    process.execPath,
    ...serveArguments(dir),
  ]);
  assert.equal(code, 69, stderr);
  assert.match(stderr, /^tidings: cannot use .* as a data directory: EFBIG/m);
  const instance = await start(t, dir);
  assert.equal((await send(instance, 'later')).status, 202);
});

const damages: Readonly<Record<string, (path: string) => Promise<void> | void>> = {
  'cut short within its records': (path) => truncateSync(path, 200),
  'cut short by a byte': (path) => truncateSync(path, statSync(path).size - 1),
  'cut to a half': (path) => truncateSync(path, Math.floor(statSync(path).size / 2)),
  'cut to nothing': (path) => truncateSync(path, 0),
  removed: (path) => rmSync(path),
  'begun by other bytes': (path) => overwrite(path, 0, 4096),
  'begun by one other byte': (path) => overwrite(path, 30, 1),
  'emptied behind its header': (path) => overwrite(path, 64, 2000, 0),
  'overwritten by text': (path) => writeFileSync(path, Buffer.alloc(statSync(path).size, 'not a journal\n')),
};

for (const [how, damage] of Object.entries(damages)) {
  test(`a journal that was ${how} is not served, and not overwritten`, async (t) => {
    const dir = await makeTempDir(t);
    const instance = await start(t, dir);
    assert.equal((await send(instance, 'kept')).status, 202);
    assert.equal((await send(instance, 'kept, too')).status, 202);
    await instance.kill();
    const path = join(dir, 'journal-1.log');
    await damage(path);
    const before = hashOf(dir);
    const { code, stderr } = await runTidings(serveArguments(dir).slice(1));
    assert.equal(code, 69, stderr);
    assert.match(stderr, /^tidings: the journal in .* is damaged: .*; nothing was changed; restore/m);
    assert.equal(hashOf(dir), before);
  });
}

test('entries with other bytes in them are found out', async (t) => {
  const dir = await makeTempDir(t);
  const instance = await start(t, dir);
  const text = 'a text that is easily found'.repeat(20);
  assert.equal((await send(instance, text)).status, 202);
  assert.equal((await send(instance, 'another one')).status, 202);
  await instance.kill();
  const path = join(dir, 'journal-1.log');
  const at = readFileSync(path).indexOf(text);
  assert.ok(at > 0);
  await overwrite(path, at + 30, 1);
  const { code, stderr } = await runTidings(serveArguments(dir).slice(1));
  assert.equal(code, 69, stderr);
  assert.match(stderr, /is damaged: journal-1\.log has no whole record at byte \d+, where one was written/);
});

for (const [format, which] of [
  [1, 'an earlier'],
  [3, 'a later'],
] as const) {
  test(`a directory of ${which} version is left alone`, async (t) => {
    const dir = await makeTempDir(t);
    const instance = await start(t, dir);
    await instance.stop();
    writeFileSync(join(dir, 'tidings.json'), `{"format":${format},"somethingElse":true}\n`);
    const before = hashOf(dir);
    const { code, stderr } = await runTidings(serveArguments(dir).slice(1));
    assert.equal(code, 69);
    assert.match(stderr, new RegExp(`was written by ${which} version \\(format ${format}; this one reads 2\\)`));
    assert.equal(hashOf(dir), before);
  });
}

test('a last record that was torn is told of, and what was answered is there', async (t) => {
  const dir = await makeTempDir(t);
  const instance = await start(t, dir);
  assert.equal((await send(instance, 'kept')).status, 202);
  assert.equal((await send(instance, 'torn, as if it had never been answered')).status, 202);
  await instance.kill();
  const path = join(dir, 'journal-1.log');
  await overwrite(path, readFileSync(path).indexOf('torn, as if'), 1);
  const next = await start(t, dir);
  assert.ok(next.lines.some((line) => line.includes('"event":"journal.torn"')));
  assert.deepEqual(await mailbox(t, next, 1), ['kept']);
  assert.equal((await send(next, 'after')).status, 202);
});

function serveArguments(dir: string): string[] {
  return [serverEntry, 'serve', '--port=0', '--admin-port=0', `--data-dir=${dir}`, ...small];
}

async function overwrite(path: string, at: number, bytes: number, byte = 0xa5): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(Buffer.alloc(bytes, byte), 0, bytes, at);
  await file.close();
}

/** Of what is in the directory, but for who owned it. */
function hashOf(dir: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(dir).sort()) {
    if (name.startsWith('owner')) continue;
    const path = join(dir, name);
    const { size, mtimeMs } = statSync(path);
    hash.update(`${name} ${size} ${mtimeMs}`);
  }
  return hash.digest('hex');
}
