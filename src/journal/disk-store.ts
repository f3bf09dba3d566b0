import { createCleaner } from './disk-clean.ts';
import { isFull, prepareDirectory } from './disk-directory.ts';
import { reasonOf } from './disk-error.ts';
import type { DiskFiles } from './disk-files.ts';
import { ackBytes, idBytes, isAckWanted, isIdWanted, readingInto, SegmentContents } from './disk-kept.ts';
import type { DiskReader, Kept } from './disk-kept.ts';
import { lockDirectory } from './disk-lock.ts';
import type { DiskLog } from './disk-log.ts';
import { noteStopped, openLogs } from './disk-open.ts';
import { acksPart, entriesPart, idsPart, lastPart, partKinds, readAcks, readIds } from './disk-parts.ts';
import type { Ack, RememberedId } from './disk-parts.ts';
import type { Entry } from './journal.ts';

/** What goes to the disk together: all of it or nothing. */
export interface DiskBatch {
  /** The newest mid before the entries. */
  readonly last: number;
  readonly entries: readonly Entry[];
  readonly ids: readonly RememberedId[];
}

export interface DiskStore {
  /** There was nothing; it is to be begun. */
  readonly isNew: boolean;
  /** All that is kept will be above this mid. Before it resolves the directory is as good as empty. */
  begin(last: number): Promise<void>;
  /** Resolves once the batch is on disk: it is flushed. Rejects with an Error: then none of it counts. */
  commit(batch: DiskBatch): Promise<void>;
  /** The same of acknowledgements. */
  commitAcks(acks: readonly Ack[]): Promise<void>;
  /** Writes a little. Rejects as `commit` does. */
  probe(): Promise<void>;
  /** Notes where it ends, so that a later start can tell whether all is there, and gives the directory up. */
  close(): Promise<void>;
  /** Gives the directory up without a write, once nothing of this process can write in it any more. */
  abandon(): Promise<void>;
}

export interface DiskStoreDeps {
  readonly files: DiskFiles;
  /** What the disk needs to hold is what this holds. */
  readonly kept: Kept;
  /** Of a log's end: bytes there are passed over, of a commit that was never acknowledged. */
  readonly onTorn: (file: string, at: number) => void;
  /** What is not wanted any more could not be taken away. */
  readonly onUntidy: (reason: string) => void;
}

/** How long a segment is. */
export interface SegmentSizes {
  readonly leastBytes: number;
  readonly mostBytes: number;
}

/** A log that holds little is a few short segments, so that it takes little of the disk. */
const part = 8;
const ackPart = 4;
const ackSizes: SegmentSizes = { leastBytes: 256 * 1024, mostBytes: 1024 * 1024 };

/** The ids that one commit writes again: few, so that none becomes long, and more than it adds, so that it comes to an end. */
const carriedItems = 256;
const carriedForEach = 4;

/**
 * Opens the store of a data directory and makes this process its owner; what is in it goes to `reader`. Throws a DataDirError.
 */
export async function openDiskStore(
  deps: DiskStoreDeps,
  reader: DiskReader,
  { dir, sizes }: { readonly dir: string; readonly sizes: SegmentSizes },
): Promise<DiskStore> {
  const { files, kept } = deps;
  prepareDirectory(dir);
  const lock = await lockDirectory(dir);
  const inJournal = new SegmentContents();
  const inAcks = new SegmentContents();
  const reading = readingInto(reader, inJournal, inAcks);
  const nextBytes = {
    journal: () => sizeFor(kept.log.bytes / part, sizes),
    acks: () => sizeFor(ackBytes(kept) / ackPart, ackSizes),
  };
  const logs = await openLogs(
    { files, dir, nextBytes, onTorn: deps.onTorn },
    { journal: reading.onJournalRecord, acks: reading.onAckRecord },
  ).catch(async (error: unknown) => {
    await lock.release();
    throw error;
  });
  reading.idsRead();
  const { journal, acks, isNew } = logs;

  const onError = (error: unknown): void => deps.onUntidy(reasonOf(error));
  const ids = createCleaner<RememberedId>({
    files,
    log: journal,
    isFinished: (segment) => inJournal.newest(segment).entry <= kept.log.since,
    hasNoItems: (segment) => inJournal.newest(segment).item < kept.callerIds.oldestMid,
    excess: () => excessOf(journal, kept.log.bytes + 2 * idBytes(kept), nextBytes.journal()),
    kind: partKinds.ids,
    read: readIds,
    isWanted: (id) => isIdWanted(kept, id),
    onRemoved: (segment) => inJournal.forget(segment),
    onError,
  });
  const oldAcks = createCleaner<Ack>({
    files,
    log: acks,
    isFinished: () => true,
    hasNoItems: (segment) => inAcks.newest(segment).item <= kept.log.since,
    excess: () => excessOf(acks, 2 * ackBytes(kept), nextBytes.acks()),
    kind: partKinds.acks,
    read: readAcks,
    isWanted: (ack) => isAckWanted(kept, ack),
    onRemoved: (segment) => inAcks.forget(segment),
    onError,
  });

  let turn: Promise<unknown> = Promise.resolve();
  /** One write at a time. */
  function inTurn(task: () => Promise<void>): Promise<void> {
    const done = turn.then(task);
    turn = done.catch(() => {});
    return done.catch((error: unknown) => {
      const reason = reasonOf(error);
      const why = isFullError(error) || isFull(dir) ? `the disk is full (${reason})` : reason;
      throw new Error(`The journal in ${dir} cannot be written: ${why}.`, { cause: error });
    });
  }

  async function writeBatch({ last, entries, ids: newIds }: DiskBatch): Promise<void> {
    await ids.ready();
    const writtenIds = [...ids.take(carriedItems + carriedForEach * newIds.length), ...newIds];
    const parts = [lastPart(last)];
    if (entries.length > 0) parts.push(entriesPart(entries));
    if (writtenIds.length > 0) parts.push(idsPart(writtenIds));
    const segment = await journal.append(parts);
    ids.written();
    inJournal.note(segment, { entry: entries.at(-1)?.mid ?? 0 });
    for (const { mid } of writtenIds) inJournal.note(segment, { item: mid });
  }

  async function writeAcks(newAcks: readonly Ack[]): Promise<void> {
    await oldAcks.ready();
    const written = [...oldAcks.take(carriedItems + carriedForEach * newAcks.length), ...newAcks];
    const segment = await acks.append([acksPart(written)]);
    oldAcks.written();
    for (const [, mid] of written) inAcks.note(segment, { item: mid });
  }

  /** Resolves when nothing of this process writes any more. */
  async function settle(): Promise<void> {
    await turn;
    await Promise.all([ids.stop(), oldAcks.stop()]);
    await Promise.all([journal.close(), acks.close()]);
  }

  return {
    isNew,
    commit: (batch) => inTurn(() => writeBatch(batch)),
    commitAcks: (newAcks) => inTurn(() => writeAcks(newAcks)),
    probe: () =>
      inTurn(async () => {
        await journal.append([]);
        await acks.append([]);
      }),
    async begin(last) {
      await inTurn(async () => {
        await journal.append([lastPart(last)]);
        await acks.append([]);
        await noteStopped(logs, false);
      });
    },
    async close() {
      await settle();
      // Without it a later start takes a damaged last record for one that was never acknowledged, no more.
      await noteStopped(logs, true).catch(onError);
      await lock.release();
    },
    async abandon() {
      await settle();
      await lock.release();
    },
  };
}

/** In segments, without those at the head: what a log takes beyond what it needs, and one. */
function excessOf(log: DiskLog, neededBytes: number, segmentBytes: number): number {
  return (log.bytes - log.headBytes - neededBytes) / segmentBytes - 1;
}

function sizeFor(bytes: number, { leastBytes, mostBytes }: SegmentSizes): number {
  const rounded = Math.ceil(bytes / leastBytes) * leastBytes;
  return Math.min(mostBytes, Math.max(leastBytes, rounded));
}

function isFullError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}
