import assert from 'node:assert/strict';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DataDirError } from '../../src/journal/disk-error.ts';
import { lockDirectory, type DiskLock } from '../../src/journal/disk-lock.ts';
import { projectRoot } from '../support/project.ts';
import { runProgram } from '../support/run-command.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const deadOwner = 'owner-0123456789ab';

const claims = (dir: string): string[] => readdirSync(dir).filter((name) => name.startsWith('owner.'));

test('of many that find a dead owner at the same time, one gets the directory', async (t) => {
  const dir = await makeTempDir(t);
  writeFileSync(join(dir, 'owner.7'), deadOwner);
  writeFileSync(join(dir, 'owner.6'), 'owner-of-nobody-any-more');
  const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockDirectory(dir)));
  const locks = tries.flatMap((tried): DiskLock[] => (tried.status === 'fulfilled' ? [tried.value] : []));
  assert.equal(locks.length, 1);
  for (const tried of tries) {
    if (tried.status === 'rejected')
      assert.match(String(tried.reason), /DataDirError: .* is in use by another process/);
  }
  assert.deepEqual(claims(dir), ['owner.7', 'owner.8']);
  assert.equal(readdirSync(dir).length, 3, 'and its socket: the others left nothing behind');

  await locks[0]?.release();
  const next = await lockDirectory(dir);
  await assert.rejects(lockDirectory(dir), DataDirError);
  assert.deepEqual(claims(dir), ['owner.8', 'owner.9']);
  await next.release();
});

for (const isOwned of [false, true]) {
  test(`whoever is so slow that its number is free again looks again, and finds ${isOwned ? 'the owner' : 'no owner'}`, async (t) => {
    const dir = await makeTempDir(t);
    writeFileSync(join(dir, 'owner.1'), deadOwner);
    let other: DiskLock | undefined;
    let looks = 0;
    const slow = lockDirectory(dir, async () => {
      looks += 1;
      if (looks > 1) return isOwned;
      // Others come and go meanwhile, and take away what is behind them.
      writeFileSync(join(dir, 'owner.4'), deadOwner);
      rmSync(join(dir, 'owner.1'));
      if (isOwned) other = await lockDirectory(dir);
      return false;
    });
    if (isOwned) await assert.rejects(slow, /is in use by another process/);
    else await (await slow).release();
    assert.equal(looks, 2);
    assert.deepEqual(claims(dir), ['owner.4', 'owner.5']);
    await other?.release();
  });
}

const turns = 20;
const processes = 6;

/** Takes the directory again and again; says so when another one has it at the same time. */
const script = `
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lockDirectory } from ${JSON.stringify(join(projectRoot, 'dist/journal/disk-lock.js'))};
const dir = process.argv[2];
let tries = 0;
for (let turn = 0; turn < ${turns}; ) {
  if ((tries += 1) > 20_000) throw new Error('never free');
  const lock = await lockDirectory(dir).catch((error) => {
    if (!error.message.includes('is in use')) throw error;
  });
  if (lock === undefined) {
    await delay(Math.random() * 3);
    continue;
  }
  closeSync(openSync(join(dir, 'held'), 'wx'));
  await delay(Math.random() * 3);
  rmSync(join(dir, 'held'));
  await lock.release();
  turn += 1;
}
`;

test('processes that want the same directory at once have it one at a time', async (t) => {
  const dir = await makeTempDir(t);
  const path = join(await makeTempDir(t), 'take.mjs');
  writeFileSync(path, script);
  const runs = Array.from({ length: processes }, () => runProgram(process.execPath, [path, dir]));
  for (const { code, stderr } of await Promise.all(runs)) assert.equal(code, 0, stderr);
  // Each turn has one number and one only.
  assert.deepEqual(claims(dir).at(-1), `owner.${turns * processes}`);
});

test('a path that is too long for a socket is refused with the length that it may have', async (t) => {
  const dir = join(await makeTempDir(t), 'x'.repeat(200));
  await assert.rejects(lockDirectory(dir), /too long a path for a data directory: at most \d+ bytes/);
});
