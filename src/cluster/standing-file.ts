import { join } from 'node:path';
import type { Standing } from '../auth/standing.ts';
import type { Standings } from '../auth/standings.ts';
import { DataDirError, reasonOf } from '../journal/disk-error.ts';
import { diskFiles, flushDirectory, type DiskFiles } from '../journal/disk-files.ts';

const fileName = 'users.json';

/** Raised when what is written cannot be read by the version before. */
const formatNumber = 1;

/** What is known of uids, in a file of the data directory, which is locked by its journal. */
export interface StandingFile {
  /** Rejects with a DataDirError when it is there and cannot be read. */
  read(): Promise<readonly (readonly [uid: string, standing: Standing])[]>;
  /** Resolves once all of them are on disk, whole or not at all. */
  write(standings: Standings): Promise<void>;
}

export function createStandingFile(dir: string, files: DiskFiles = diskFiles): StandingFile {
  const path = join(dir, fileName);
  let writing: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  async function replace(standings: Standings): Promise<void> {
    const users = [...standings.entries()].map(([uid, { blockedUntilMs, revokedBeforeMs }]) => [
      uid,
      blockedUntilMs,
      revokedBeforeMs,
    ]);
    await files.remove(`${path}.new`).catch(() => {});
    const file = await files.open(`${path}.new`, 'new');
    try {
      await files.write(file, Buffer.from(`${JSON.stringify({ format: formatNumber, users })}\n`), 0);
      await files.flushAll(file);
    } finally {
      await files.close(file);
    }
    await files.rename(`${path}.new`, path);
    await flushDirectory(files, dir);
  }

  return {
    async read() {
      let text;
      try {
        text = (await files.read(path)).toString('utf8');
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
        throw new DataDirError(`cannot read ${path}: ${reasonOf(error)}`, error);
      }
      try {
        return readUsers(JSON.parse(text));
      } catch (error) {
        const advice = 'restore it from a backup, or move it away to let everybody in whom it shuts out';
        throw new DataDirError(`${path} cannot be read (${reasonOf(error)}): ${advice}`, error);
      }
    },

    /** All that come while a write is under way share the one after it. */
    write(standings) {
      return (next ??= writing =
        writing
          .catch(() => {})
          .then(() => {
            next = undefined;
            return replace(standings);
          }));
    },
  };
}

function readUsers(value: unknown): [string, Standing][] {
  if (typeof value !== 'object' || value === null || !('format' in value)) throw new TypeError('it names no format');
  if (value.format !== formatNumber) throw new TypeError(`format ${String(value.format)}, and not ${formatNumber}`);
  if (!('users' in value) || !Array.isArray(value.users)) throw new TypeError('it has no list of users');
  return value.users.map((user: unknown): [string, Standing] => {
    const [uid, blockedUntilMs, revokedBeforeMs] = Array.isArray(user) ? (user as unknown[]) : [];
    if (typeof uid !== 'string' || !isInstant(blockedUntilMs) || !isInstant(revokedBeforeMs)) {
      throw new TypeError('a user in it is not readable');
    }
    return [uid, { blockedUntilMs, revokedBeforeMs }];
  });
}

function isInstant(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
