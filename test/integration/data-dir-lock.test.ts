import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DataDirError } from '../../src/journal/disk-error.ts';
import { lockDirectory, type DiskLock, type OwnerRecord } from '../../src/journal/disk-lock.ts';
import { makeTempDir } from '../support/temp-dir.ts';

function recordIn(state: { owner: string }): OwnerRecord {
  return {
    read: () => state.owner,
    swap(expected, next) {
      if (state.owner !== expected) return false;
      state.owner = next;
      return true;
    },
  };
}

test('of many that find a dead owner at the same time, one gets the directory', async (t) => {
  const dir = await makeTempDir(t);
  const state = { owner: 'owner-of-a-process-that-is-dead' };
  const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockDirectory(dir, recordIn(state))));
  const locks = tries.flatMap((tried): DiskLock[] => (tried.status === 'fulfilled' ? [tried.value] : []));
  assert.equal(locks.length, 1);
  for (const tried of tries) {
    if (tried.status === 'rejected')
      assert.match(String(tried.reason), /DataDirError: .* is in use by another process/);
  }
  assert.deepEqual(readdirSync(dir), [state.owner], 'the others left nothing behind');

  await locks[0]?.release();
  assert.equal(state.owner, '');
  const next = await lockDirectory(dir, recordIn(state));
  await assert.rejects(lockDirectory(dir, recordIn(state)), DataDirError);
  // As a process that ends: nothing is noted.
  await next.close();
  assert.notEqual(state.owner, '');
  await (await lockDirectory(dir, recordIn(state))).release();
});

test('a path that is too long for a socket is refused with the length that it may have', async (t) => {
  const dir = join(await makeTempDir(t), 'x'.repeat(200));
  await assert.rejects(
    lockDirectory(dir, recordIn({ owner: '' })),
    /too long a path for a data directory: at most \d+ bytes/,
  );
});
