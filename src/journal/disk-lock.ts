import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join, relative } from 'node:path';
import { DataDirError, reasonOf } from './disk-error.ts';

/** Where the owner of a directory is noted, with an atomic swap that all processes of the machine see. */
export interface OwnerRecord {
  /** Empty: nobody. */
  read(): string;
  /** Notes `next` if `expected` is what is noted. */
  swap(expected: string, next: string): boolean;
}

export interface DiskLock {
  /** Gives the directory up, and notes that. */
  release(): Promise<void>;
  /** Gives the directory up as a process does that ends. */
  close(): Promise<void>;
}

/** The longest path of a socket: 103 bytes on macOS, 107 on Linux. */
const maxSocketPathBytes = 103;

/**
 * Makes this process the only owner of a directory, until it releases it or ends in whatever way. An owner listens on a
 * socket with a name that was never used before; the system closes it with the process, so that a noted owner that does
 * not answer is dead for good and may be replaced, by one process alone (the swap). No clean-up, no process ids, which another process or
 * another container may have as well.
 *
 * Throws a DataDirError when the directory has a living owner.
 */
export async function lockDirectory(dir: string, record: OwnerRecord): Promise<DiskLock> {
  const name = `owner-${randomBytes(6).toString('hex')}`;
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new DataDirError(`cannot lock ${dir}: ${reasonOf(error)}`)));
    server.listen(socketPath(dir, name), resolve);
  });
  server.unref();
  const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

  for (;;) {
    const owner = record.read();
    if (owner !== '' && (await isAlive(socketPath(dir, owner)))) {
      await close();
      throw new DataDirError(`${dir} is in use by another process: each needs a data directory of its own`);
    }
    if (!record.swap(owner, name)) continue;
    if (owner !== '') rmSync(join(dir, owner), { force: true });
    break;
  }
  return {
    async release() {
      record.swap(name, '');
      await close();
    },
    close,
  };
}

/** On Windows sockets have names of their own, outside the file system. */
function socketPath(dir: string, name: string): string {
  const path = join(dir, name);
  if (/^[A-Za-z]:|^\\\\/.test(path)) return `\\\\.\\pipe\\tidings-${name}`;
  const shorter = [path, relative('', path)].sort((one, other) => one.length - other.length)[0] ?? path;
  if (Buffer.byteLength(shorter) <= maxSocketPathBytes) return shorter;
  const mostBytes = maxSocketPathBytes - Buffer.byteLength(name) - 1;
  throw new DataDirError(`${dir} is too long a path for a data directory: at most ${mostBytes} bytes`);
}

/** Whatever is not a clear no is taken for a yes. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
}
