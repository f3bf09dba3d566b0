import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, readSync, renameSync, statSync } from 'node:fs';
import { accessSync, constants, existsSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataDirError, reasonOf } from './disk-error.ts';

/** What is written is readable by this and every later version. Raised when that ends. */
const formatNumber = 1;

/** Less than this left on a disk is a full disk. */
const fullBytes = 256 * 1024;

/** LMDB's files begin with two pages like this; the second begins at the page size, which the first one names. */
const meta = { magic: 0xbeefc0de, magicOffset: 24, pageSizeOffset: 48, leastPageBytes: 512, mostPageBytes: 65_536 };

/** What `tidings.json` in the directory says. */
interface Note {
  readonly format: number;
  /** The store's file was never shorter. */
  readonly fileBytes: number;
}

/** Of the store, in the data directory. */
export function storePath(dir: string): string {
  return join(dir, 'journal.mdb');
}

/**
 * Makes the directory, for this user alone, if it is not there, and looks at what is in it without changing it. LMDB maps its file
 * into memory and trusts it: a file that is too short or no store at all would end the process by a signal, or be taken
 * for an empty one. Throws a DataDirError. Cost: a few reads of 4 KiB.
 */
export function inspectDirectory(dir: string): void {
  try {
    // Not what is above it: a missing volume is not to be replaced by a directory of its name.
    if (!existsSync(dir)) mkdirSync(dir, { mode: 0o700 });
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
    tryToWrite(dir);
  } catch (error) {
    throw new DataDirError(`cannot use ${dir} as a data directory: ${reasonOf(error)}`, { cause: error });
  }
  const path = storePath(dir);
  const note = readNote(dir);
  if (note === undefined) {
    // Nothing was accepted before there was a note.
    if (existsSync(path) && statSync(path).size > 0 && !hasBothMetas(path)) throw damaged(dir, `${path} is no journal`);
    return;
  }
  if (!(note.format <= formatNumber)) {
    throw new DataDirError(
      `${dir} was written by a later version (format ${note.format}; this one reads up to ${formatNumber}): ` +
        'start that version, or name another directory',
    );
  }
  const { fileBytes } = note;
  const size = existsSync(path) ? statSync(path).size : 0;
  if (size < fileBytes) throw damaged(dir, `${path} has ${size} bytes of ${fileBytes}`);
  if (!hasBothMetas(path)) throw damaged(dir, `${path} does not begin as a journal does`);
}

/**
 * Gives the store's file its full length, once: blocks that were never written take no place on a disk, and a file that is cut
 * short later is noticed. Only the owner of the directory may call it. Throws a DataDirError.
 */
export function settleDirectory(dir: string, fileBytes: number): void {
  const path = storePath(dir);
  const notedBytes = readNote(dir)?.fileBytes ?? 0;
  try {
    const size = statSync(path).size;
    if (size < fileBytes) truncateSync(path, fileBytes);
    if (notedBytes >= fileBytes) return;
    const notePath = join(dir, 'tidings.json');
    writeFileSync(`${notePath}.new`, `${JSON.stringify({ format: formatNumber, fileBytes })}\n`, { flush: true });
    renameSync(`${notePath}.new`, notePath);
    for (const name of [path, dir]) syncToDisk(name);
  } catch (error) {
    throw new DataDirError(`cannot write in ${dir}: ${reasonOf(error)}`, { cause: error });
  }
}

export function damaged(dir: string, what: string, cause?: unknown): DataDirError {
  const advice = 'nothing was changed; restore the directory from a backup, or move it away to begin anew';
  return new DataDirError(`the journal in ${dir} is damaged: ${what}; ${advice}`, { cause });
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

/** LMDB does not survive a write that fails while it opens a store. */
function tryToWrite(dir: string): void {
  const path = join(dir, `room-${randomBytes(6).toString('hex')}`);
  try {
    writeFileSync(path, Buffer.alloc(fullBytes), { flush: true });
  } finally {
    rmSync(path, { force: true });
  }
}

function readNote(dir: string): Note | undefined {
  const path = join(dir, 'tidings.json');
  if (!existsSync(path)) return undefined;
  try {
    const note: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof note !== 'object' || note === null || !('format' in note)) throw new TypeError('it names no format');
    const fileBytes = 'fileBytes' in note ? note.fileBytes : 0;
    return { format: Number(note.format), fileBytes: Number(fileBytes) };
  } catch (error) {
    throw damaged(dir, `${path} cannot be read`, error);
  }
}

function hasBothMetas(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const page = Buffer.alloc(64);
    readSync(file, page, 0, page.length, 0);
    const pageBytes = page.readUInt32LE(meta.pageSizeOffset);
    const isFirst = page.readUInt32LE(meta.magicOffset) === meta.magic;
    if (!isFirst || pageBytes < meta.leastPageBytes || pageBytes > meta.mostPageBytes) return false;
    readSync(file, page, 0, page.length, pageBytes);
    return page.readUInt32LE(meta.magicOffset) === meta.magic;
  } finally {
    closeSync(file);
  }
}

function syncToDisk(path: string): void {
  // Windows cannot open a directory for that, and needs no help with its names.
  if (/^[A-Za-z]:|^\\\\/.test(path)) return;
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
