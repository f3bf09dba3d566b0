import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { damaged, DataDirError } from './disk-error.ts';
import { flushDirectory, type DiskFiles } from './disk-files.ts';

/** Raised when what is written cannot be read by the version before. Format 1 was never released. */
const formatNumber = 2;

/** Of one log: which of its segments there are, and where it ended if it was stopped in order. */
export interface LogNote {
  readonly oldest: number;
  readonly newest: number;
  /** The segment with the last record, the offset behind it, and its number; null while it may be written. */
  readonly stopped: readonly [segment: number, end: number, sequence: number] | null;
}

/** What `tidings.json` in the directory says. Files are judged by it: one that should be there and is not is damage. */
export interface Note {
  readonly journal: LogNote;
  readonly acks: LogNote;
}

/** Undefined: there is none. Throws a DataDirError. */
export function readNote(dir: string): Note | undefined {
  const path = join(dir, 'tidings.json');
  if (!existsSync(path)) return undefined;
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof read !== 'object' || read === null || !('format' in read)) throw new TypeError('it names no format');
  } catch (error) {
    throw damaged(dir, `${path} cannot be read`, error);
  }
  const { format } = read;
  if (format !== formatNumber) {
    const isEarlier = typeof format === 'number' && format < formatNumber;
    throw new DataDirError(
      `${dir} was written by ${isEarlier ? 'an earlier' : 'a later'} version (format ${String(format)}; this one reads ` +
        `${formatNumber}): start that version, or name another directory`,
    );
  }
  const note = read as unknown as Note & { check: unknown };
  if (!isLogNote(note.journal) || !isLogNote(note.acks) || note.check !== checkOf(note)) {
    throw damaged(dir, `${path} is not as it was written`);
  }
  return { journal: note.journal, acks: note.acks };
}

/** Keeps the note on disk. Changes are written one after the other, whole or not at all. */
export function createNoteKeeper({ files, dir }: { readonly files: DiskFiles; readonly dir: string }, first: Note) {
  let note = first;
  let writing: Promise<void> = Promise.resolve();

  async function write(next: Note): Promise<void> {
    const path = join(dir, 'tidings.json');
    const text = JSON.stringify({ format: formatNumber, ...next, check: checkOf(next) });
    await files.remove(`${path}.new`).catch(() => {});
    const file = await files.open(`${path}.new`, 'new');
    try {
      await files.write(file, Buffer.from(`${text}\n`), 0);
      await files.flushAll(file);
    } finally {
      await files.close(file);
    }
    await files.rename(`${path}.new`, path);
    await flushDirectory(files, dir);
    note = next;
  }

  return {
    /** Resolves once the changed note, and every name in the directory before it, is on disk. */
    update(change: (note: Note) => Note): Promise<void> {
      const written = writing.then(() => write(change(note)));
      writing = written.catch(() => {});
      return written;
    },
  };
}

export type NoteKeeper = ReturnType<typeof createNoteKeeper>;

function checkOf({ journal, acks }: Note): number {
  const facts = [journal, acks].map(({ oldest, newest, stopped }) => [oldest, newest, stopped]);
  return crc32(JSON.stringify(facts));
}

function isLogNote(value: unknown): value is LogNote {
  return typeof value === 'object' && value !== null && 'oldest' in value && 'newest' in value && 'stopped' in value;
}
