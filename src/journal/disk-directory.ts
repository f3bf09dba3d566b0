import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataDirError, reasonOf } from './disk-error.ts';

/** Less than this left on a disk is a full disk. */
const fullBytes = 256 * 1024;

/**
 * Makes the directory, for this user alone, if it is not there, and tries whether there is room in it. What is in it stays as it
 * is. Throws a DataDirError.
 */
export function prepareDirectory(dir: string): void {
  try {
    // Not what is above it: a missing volume is not to be replaced by a directory of its name.
    if (!existsSync(dir)) mkdirSync(dir, { mode: 0o700 });
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
    tryToWrite(dir);
  } catch (error) {
    throw new DataDirError(`cannot use ${dir} as a data directory: ${reasonOf(error)}`, error);
  }
}

/** A full disk is often reported as a failed write of any kind. */
export function isFull(dir: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize < fullBytes;
  } catch {
    return false;
  }
}

function tryToWrite(dir: string): void {
  const path = join(dir, `room-${randomBytes(6).toString('hex')}`);
  try {
    writeFileSync(path, Buffer.alloc(fullBytes), { flush: true });
  } finally {
    rmSync(path, { force: true });
  }
}
