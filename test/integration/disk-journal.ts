import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createDiskJournal } from '../../src/journal/disk.ts';
import { diskFiles, type DiskFiles } from '../../src/journal/disk-files.ts';
import type { SegmentSizes } from '../../src/journal/disk-store.ts';
import type { Entry, Journal, Retention } from '../../src/journal/journal.ts';
import { endWith, type Scope } from '../support/cleanup.ts';

export const hourMs = 3_600_000;

const retention: Retention = {
  messages: 1000,
  bytes: 1024 * 1024,
  ageMs: hourMs,
  mailboxMessages: 100,
  broadcastMessages: 100,
  idMs: 24 * hourMs,
  ids: 1000,
};

export interface OpenedJournal {
  readonly journal: Journal;
  readonly told: Entry[];
  /** What it logged, but for what it says at each start. */
  readonly events: Record<string, unknown>[];
}

export interface JournalParts {
  /** A clock that the test owns. */
  readonly nowMs?: () => number;
  readonly bounds?: Partial<Retention>;
  readonly files?: DiskFiles;
  readonly sizes?: SegmentSizes;
  readonly deadlineMs?: number;
}

/** A journal on disk, in this process. */
export async function openJournal(scope: Scope, dir: string, parts: JournalParts = {}): Promise<OpenedJournal> {
  const { nowMs = Date.now, bounds, deadlineMs = 10_000, files, sizes } = parts;
  const events: Record<string, unknown>[] = [];
  const note = (fields: object): void => void events.push(fields as Record<string, unknown>);
  const journal = createDiskJournal(
    {
      now: nowMs,
      clock: { now: nowMs, isExpired: (expiresAtMs) => expiresAtMs !== 0 && expiresAtMs <= nowMs() },
      onExpired: () => {},
      log: { info: () => {}, warn: note, error: note },
      ...(files === undefined ? {} : { files }),
    },
    { dir, retention: { ...retention, ...bounds }, deadlineMs, ...(sizes === undefined ? {} : { sizes }) },
  );
  endWith(scope, () => journal.stop());
  const told: Entry[] = [];
  await journal.start((entries) => void told.push(...entries));
  return { journal, told, events };
}

/** What a process that died just now would leave behind. */
export function copyAsOfNow(dir: string, to: string): void {
  for (const name of readdirSync(dir)) {
    if (name.startsWith('owner')) continue;
    cpSync(join(dir, name), join(to, name));
  }
}

/** The ids of all entries that are kept. */
export async function idsIn(journal: Journal): Promise<string[]> {
  return (await journal.read(0, 100_000)).map(({ message }) => message.id);
}

type Before = { -readonly [Method in keyof DiskFiles]?: (...args: Parameters<DiskFiles[Method]>) => unknown };

/** The system's files, with what a test wants to happen before a call: to wait, or to fail. */
export function withFaults(): { readonly files: DiskFiles; readonly before: Before } {
  const before: Before = {};
  const files: DiskFiles = {
    open: async (...args) => (await before.open?.(...args), diskFiles.open(...args)),
    write: async (...args) => (await before.write?.(...args), diskFiles.write(...args)),
    flush: async (...args) => (await before.flush?.(...args), diskFiles.flush(...args)),
    flushAll: async (...args) => (await before.flushAll?.(...args), diskFiles.flushAll(...args)),
    close: async (...args) => (await before.close?.(...args), diskFiles.close(...args)),
    read: async (...args) => (await before.read?.(...args), diskFiles.read(...args)),
    rename: async (...args) => (await before.rename?.(...args), diskFiles.rename(...args)),
    remove: async (...args) => (await before.remove?.(...args), diskFiles.remove(...args)),
  };
  return { files, before };
}

/** As the system reports it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as a test wants it`), { code });
}
