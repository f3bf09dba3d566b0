import { close, fdatasync, fsync, open, write } from 'node:fs';
import { readFile, rename, unlink } from 'node:fs/promises';

/** What a journal does to files after its start. A test puts one in its place that fails or waits. */
export interface DiskFiles {
  /** Makes a file that is not there, or opens one that is. */
  open(path: string, how: 'new' | 'existing' | 'directory'): Promise<number>;
  /** All of it, at that position of the file. */
  write(file: number, bytes: Buffer, position: number): Promise<void>;
  /** The contents are on disk, in a file that keeps its length and blocks. */
  flush(file: number): Promise<void>;
  /** The contents and all that is known of the file, or the names in a directory, are on disk. */
  flushAll(file: number): Promise<void>;
  close(file: number): Promise<void>;
  read(path: string): Promise<Buffer>;
  rename(path: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
}

const flags = { new: 'wx', existing: 'r+', directory: 'r' };

/** By callbacks: a FileHandle costs more a call, and these are on the way of every post. */
export const diskFiles: DiskFiles = {
  open: (path, how) =>
    new Promise((resolve, reject) =>
      open(path, flags[how], 0o600, (error, file) => (error === null ? resolve(file) : reject(error))),
    ),
  write: (file, bytes, position) =>
    new Promise((resolve, reject) => {
      write(file, bytes, 0, bytes.length, position, (error, written) => {
        if (error !== null) reject(error);
        // What stopped it is what a write of the rest would say: the place is given up in any case.
        else if (written < bytes.length) reject(new Error(`only ${written} of ${bytes.length} bytes were written`));
        else resolve();
      });
    }),
  flush: (file) => new Promise((resolve, reject) => fdatasync(file, settle(resolve, reject))),
  flushAll: (file) => new Promise((resolve, reject) => fsync(file, settle(resolve, reject))),
  close: (file) => new Promise((resolve, reject) => close(file, settle(resolve, reject))),
  read: (path) => readFile(path),
  rename,
  remove: unlink,
};

/** Makes the names in a directory durable. */
export async function flushDirectory(files: DiskFiles, dir: string): Promise<void> {
  // Windows cannot open a directory for that, and needs no help with its names.
  if (/^[A-Za-z]:|^\\\\/.test(dir)) return;
  const file = await files.open(dir, 'directory');
  try {
    await files.flushAll(file);
  } finally {
    await files.close(file);
  }
}

function settle(resolve: () => void, reject: (error: Error) => void) {
  return (error: Error | null): void => (error === null ? resolve() : reject(error));
}
