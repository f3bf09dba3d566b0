import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Standings } from '../../src/auth/standings.ts';
import { forGoodMs } from '../../src/auth/standing.ts';
import { createStandingFile } from '../../src/cluster/standing-file.ts';
import { DataDirError } from '../../src/journal/disk-error.ts';
import { diskFiles, type DiskFiles } from '../../src/journal/disk-files.ts';
import { makeTempDir } from '../support/temp-dir.ts';

function standingsOf(...uids: readonly string[]): Standings {
  const standings = new Standings();
  for (const uid of uids) standings.set(uid, { blockedUntilMs: forGoodMs, revokedBeforeMs: 7 }, 0);
  return standings;
}

const uidsOf = (read: readonly (readonly [string, unknown])[]): string[] => read.map(([uid]) => uid);

test('what was written is read again, and where nothing was there is nothing', async (t) => {
  const dir = await makeTempDir(t);
  assert.deepEqual(await createStandingFile(dir).read(), []);
  await createStandingFile(dir).write(standingsOf('1', 'a/b "\n', 'ü'));
  const standing = { blockedUntilMs: forGoodMs, revokedBeforeMs: 7 };
  const expected = ['1', 'a/b "\n', 'ü'].map((uid) => [uid, standing]);
  assert.deepEqual(await createStandingFile(dir).read(), expected);
  assert.deepEqual(await readdir(dir), ['users.json']);
});

test('it is renamed only when it is on disk, and a failure leaves what was there', async (t) => {
  const dir = await makeTempDir(t);
  const steps: string[] = [];
  let failing = '';
  const step = (name: string): void => {
    steps.push(name);
    if (name === failing) throw new Error(`planted in ${name}`);
  };
  const files: DiskFiles = {
    ...diskFiles,
    async write(...args) {
      step('write');
      await diskFiles.write(...args);
    },
    async flushAll(file) {
      step('flush');
      await diskFiles.flushAll(file);
    },
    async rename(...args) {
      step('rename');
      await diskFiles.rename(...args);
    },
  };
  const file = createStandingFile(dir, files);
  await file.write(standingsOf('1'));
  assert.deepEqual(steps, ['write', 'flush', 'rename', 'flush'], 'the second flush is that of the name');
  for (failing of ['write', 'flush', 'rename']) {
    if (failing === 'flush') steps.length = 0;
    await assert.rejects(file.write(standingsOf('1', '2')), /planted/);
    assert.deepEqual(uidsOf(await file.read()), ['1']);
  }
  failing = '';
  await file.write(standingsOf('1', '2'));
  assert.deepEqual(uidsOf(await file.read()), ['1', '2']);
});

test('of many that are written at once the last is what is kept', async (t) => {
  const file = createStandingFile(await makeTempDir(t));
  const standings = new Standings();
  const writes = Array.from({ length: 50 }, (_, uid) => {
    standings.set(`${uid}`, { blockedUntilMs: forGoodMs, revokedBeforeMs: 0 }, 0);
    return file.write(standings);
  });
  assert.ok(new Set(writes).size < 50, 'they share writes');
  await Promise.all(writes);
  assert.equal((await file.read()).length, 50);
});

test('a file that is not as it was written is an error, and lets nobody in', async (t) => {
  const dir = await makeTempDir(t);
  await createStandingFile(dir).write(standingsOf('1'));
  const path = join(dir, 'users.json');
  const text = readFileSync(path, 'utf8');
  for (const wrong of [
    '',
    text.slice(0, -5),
    '[]',
    text.replace('"format":1', '"format":2'),
    text.replace('7', '-7'),
  ]) {
    assert.notEqual(wrong, text);
    writeFileSync(path, wrong);
    await assert.rejects(createStandingFile(dir).read(), DataDirError);
  }
});
