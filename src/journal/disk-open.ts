import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { damaged, DataDirError, reasonOf } from './disk-error.ts';
import type { DiskFiles } from './disk-files.ts';
import { loadLog, type LoadedLog, type OnRecord } from './disk-load.ts';
import { DiskLog } from './disk-log.ts';
import { createNoteKeeper, readNote, type LogNote, type Note, type NoteKeeper } from './disk-note.ts';
import { isUnused, segmentName, segmentNumber } from './disk-segment.ts';

export interface OpenLogsDeps {
  readonly files: DiskFiles;
  readonly dir: string;
  /** How long a log's next segment should be. */
  readonly nextBytes: Readonly<Record<LogName, () => number>>;
  /** Told of bytes at a log's end that are passed over: a commit that was never acknowledged. */
  readonly onTorn: (file: string, at: number) => void;
}

export interface OpenLogs {
  readonly note: NoteKeeper;
  readonly journal: DiskLog;
  readonly acks: DiskLog;
  /** There was nothing: nothing was read, and nothing is kept before `begun`. */
  readonly isNew: boolean;
}

export type LogName = keyof Note;

const logNames: readonly LogName[] = ['journal', 'acks'];

/** In a log that was never begun. */
const notBegun: LogNote = { oldest: 1, newest: 0, stopped: [0, 0, 0] };

/**
 * Reads both logs of a directory and opens them, or begins new ones. Only the owner of the directory may call it. Changes nothing before all
 * is read. Throws a DataDirError.
 */
export async function openLogs(deps: OpenLogsDeps, onRecord: Readonly<Record<LogName, OnRecord>>): Promise<OpenLogs> {
  const { files, dir } = deps;
  try {
    const found = readNote(dir);
    const isNew = found === undefined || logNames.some((name) => found[name].stopped?.[2] === 0);
    const note = isNew ? { journal: notBegun, acks: notBegun } : found;
    const empty: LoadedLog = { segments: [], end: { segment: 0, end: 0, sequence: 0 }, isTorn: false };
    const loaded = (name: LogName): LoadedLog => (isNew ? empty : loadLog(dir, name, note[name], onRecord[name]));
    const logs = { journal: loaded('journal'), acks: loaded('acks') };
    const extra = logNames.flatMap((name) => extraFiles(dir, name, note[name], isNew && found !== undefined));

    for (const path of extra) rmSync(path);
    const keeper = createNoteKeeper({ files, dir }, note);
    const open = async (name: LogName): Promise<DiskLog> => {
      const { end, isTorn } = logs[name];
      if (isTorn) deps.onTorn(segmentName(name, end.segment), end.end);
      const log = new DiskLog(
        {
          files,
          dir,
          name,
          note: (change) => keeper.update((before) => ({ ...before, [name]: change(before[name]) })),
          nextBytes: deps.nextBytes[name],
        },
        logs[name],
      );
      await log.open(logs[name]);
      return log;
    };
    const opened = { note: keeper, journal: await open('journal'), acks: await open('acks'), isNew };
    if (!isNew) await noteStopped(opened, false);
    return opened;
  } catch (error) {
    if (error instanceof DataDirError) throw error;
    throw error instanceof RangeError || isMissing(error)
      ? damaged(dir, reasonOf(error), error)
      : new DataDirError(`cannot use ${dir} as a data directory: ${reasonOf(error)}`, error);
  }
}

/** Notes that both logs end where they do, or that they may go on from now: then the disk says how far. */
export function noteStopped({ note, journal, acks }: Omit<OpenLogs, 'isNew'>, isStopped: boolean): Promise<void> {
  const stopped = ({ end }: DiskLog): LogNote['stopped'] => (isStopped ? [end.segment, end.end, end.sequence] : null);
  return note.update((before) => ({
    journal: { ...before.journal, stopped: stopped(journal) },
    acks: { ...before.acks, stopped: stopped(acks) },
  }));
}

/**
 * Segments that are not noted: taken away already, or made and not noted when the process died. `hasNothing`: what they have was
 * never acknowledged. Else throws a RangeError when one has records that the note should know of.
 */
function extraFiles(dir: string, log: LogName, { oldest, newest }: LogNote, hasNothing: boolean): string[] {
  const extra: string[] = [];
  for (const name of readdirSync(dir)) {
    const number = segmentNumber(log, name);
    if (number === undefined || (number >= oldest && number <= newest)) continue;
    const path = join(dir, name);
    if (number > newest && !hasNothing && !isUnused(path)) {
      throw new RangeError(`tidings.json does not know of ${name}`);
    }
    extra.push(path);
  }
  return extra;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
