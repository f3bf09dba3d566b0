import { randomBytes } from 'node:crypto';
import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join, relative } from 'node:path';
import { DataDirError, reasonOf } from './disk-error.ts';

export interface DiskLock {
  /** Gives the directory up, as the end of the process does. */
  release(): Promise<void>;
}

/** Whether a process listens on this socket. */
export type IsAlive = (path: string) => Promise<boolean>;

/** The longest path of a socket: 103 bytes on macOS, 107 on Linux. */
const maxSocketPathBytes = 103;

/**
 * Makes this process the only owner of a directory, until it releases it or ends in whatever way. An owner listens on a socket with a
 * name that was never used before; the system closes it with the process. So an owner that does not answer is dead for good: no
 * process ids, which another process or another container may have as well, and nothing that has to be cleaned up.
 *
 * Files `owner.<n>` hold the names of owners. Whoever finds the owner of the highest one dead links its own name in as the next one
 * (of many one gets that number), and is the owner if there is no higher one then. There is one if it was slow: the owners
 * it had not seen took their predecessors' files away, and a number was free again. The highest is never taken away, and so the second look
 * finds it; nor is the one before it, so that a listing that is made while another becomes the owner holds one of the two.
 *
 * Throws a DataDirError when the directory has a living owner.
 */
export async function lockDirectory(dir: string, isAlive: IsAlive = answers): Promise<DiskLock> {
  const name = `owner-${randomBytes(6).toString('hex')}`;
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new DataDirError(`cannot lock ${dir}: ${reasonOf(error)}`)));
    server.listen(socketPath(dir, name), resolve);
  });
  server.unref();
  const release = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
  try {
    while (!(await claim(dir, name, isAlive)));
    return { release };
  } catch (error) {
    await release();
    throw error instanceof DataDirError ? error : new DataDirError(`cannot lock ${dir}: ${reasonOf(error)}`, error);
  }
}

/** False: somebody else was faster, and it is to be looked at again. */
async function claim(dir: string, name: string, isAlive: IsAlive): Promise<boolean> {
  const before = highestClaim(dir);
  const owner = before === 0 ? undefined : readClaim(dir, before);
  if (owner !== undefined && (await isAlive(socketPath(dir, owner)))) {
    throw new DataDirError(`${dir} is in use by another process: each needs a data directory of its own`);
  }
  const mine = before + 1;
  if (!writeClaim(dir, mine, name)) return false;
  if (highestClaim(dir) !== mine) {
    rmSync(claimPath(dir, mine), { force: true });
    return false;
  }
  if (owner !== undefined) rmSync(join(dir, owner), { force: true });
  for (const old of claimsIn(dir)) if (old < before) rmSync(claimPath(dir, old), { force: true });
  return true;
}

/** Whole, and only if there is none of that number: which a link is on every system. */
function writeClaim(dir: string, number: number, name: string): boolean {
  const path = join(dir, `${name}.new`);
  try {
    writeFileSync(path, name);
    linkSync(path, claimPath(dir, number));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(path, { force: true });
  }
}

/** Empty, and so of nobody, when it was taken away: then there is a higher one. */
function readClaim(dir: string, number: number): string | undefined {
  try {
    const name = readFileSync(claimPath(dir, number), 'utf8');
    return /^owner-[0-9a-f]+$/.test(name) ? name : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function claimsIn(dir: string): number[] {
  return readdirSync(dir).flatMap((name) => (/^owner\.[1-9]\d*$/.test(name) ? [Number(name.slice(6))] : []));
}

const highestClaim = (dir: string): number => Math.max(0, ...claimsIn(dir));

const claimPath = (dir: string, number: number): string => join(dir, `owner.${number}`);

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
function answers(path: string): Promise<boolean> {
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
