import type { DiskFiles } from './disk-files.ts';
import type { LogSegment } from './disk-load.ts';
import type { DiskLog } from './disk-log.ts';
import { readRecord, type Part } from './disk-record.ts';
import { segmentHeaderBytes } from './disk-segment.ts';

export interface CleanerDeps<Item> {
  readonly files: DiskFiles;
  readonly log: DiskLog;
  /** Nothing in this segment is wanted but, perhaps, some of its items. */
  readonly isFinished: (segment: number) => boolean;
  /** None of its items can be wanted. */
  readonly hasNoItems: (segment: number) => boolean;
  /** How many segments' worth of the log is more than it should take: above 0 it is time to write items of the oldest one again. */
  readonly excess: () => number;
  readonly kind: number;
  readonly read: (content: Buffer, part: Part) => Iterable<Item>;
  /** It counts still, and stands in no later segment. */
  readonly isWanted: (item: Item) => boolean;
  /** This segment is not there any more. */
  readonly onRemoved: (segment: number) => void;
  readonly onError: (error: unknown) => void;
}

/** How many items are looked at for each that may be written: most are not wanted any more. */
const looksPerItem = 4;

/** So many segments may be waiting to be taken away before commits wait for it. */
const mostExcess = 2;

/**
 * Takes the oldest segment of a log away, and the next: when nothing in it is wanted, at once; when some items are, and there is
 * much besides, after these were written again with what is written anyway, a few each time.
 */
export function createCleaner<Item>(deps: CleanerDeps<Item>) {
  const { files, log } = deps;
  let working: Promise<void> | undefined;
  let items: Iterator<Item> | undefined;
  /** Given out, and not known to be on disk. */
  let taken: Item[] = [];
  let isLast = false;
  let isStopped = false;

  function work(task: () => Promise<void>): void {
    working = task()
      .catch(deps.onError)
      .finally(() => (working = undefined));
  }

  async function readOldest(segment: LogSegment): Promise<void> {
    items = itemsOf(await files.read(log.path(segment.number)), segment, deps);
  }

  async function removeOldest(): Promise<void> {
    const { oldest } = log;
    await log.removeOldest();
    if (oldest !== undefined) deps.onRemoved(oldest.number);
  }

  function begin(): void {
    const { oldest } = log;
    if (oldest === undefined || !deps.isFinished(oldest.number)) return;
    if (deps.hasNoItems(oldest.number)) work(removeOldest);
    else if (deps.excess() > 0) work(() => readOldest(oldest));
  }

  function look(from: Iterator<Item>, limit: number): void {
    for (let looks = looksPerItem * limit; looks > 0 && taken.length < limit; looks -= 1) {
      const { done, value } = from.next();
      if (done === true) {
        isLast = true;
        return;
      }
      if (deps.isWanted(value)) taken.push(value);
    }
  }

  return {
    /** Resolves at once unless the log grows faster than segments are read and taken away: then when one was. */
    async ready(): Promise<void> {
      if (working !== undefined && deps.excess() > mostExcess) await working;
    },
    /** What is to be written with the next record, at most `limit` items. O(limit). */
    take(limit: number): readonly Item[] {
      if (isStopped || working !== undefined) return [];
      if (items === undefined) {
        begin();
        return [];
      }
      if (taken.length > 0 || isLast) return taken;
      try {
        look(items, limit);
      } catch (error) {
        // It stays where it is: the next start will say the same.
        isStopped = true;
        deps.onError(error);
      }
      return taken;
    },
    /** What was taken last is on disk. */
    written(): void {
      taken = [];
      if (!isLast) return;
      items = undefined;
      isLast = false;
      work(removeOldest);
    },
    /** Resolves when nothing is being read or taken away, and nothing will be. */
    async stop(): Promise<void> {
      isStopped = true;
      await working;
    },
  };
}

/** Throws a RangeError when the file is not as it was written any more. */
function* itemsOf<Item>(
  content: Buffer,
  { seed, end }: Pick<LogSegment, 'seed' | 'end'>,
  { kind, read }: Pick<CleanerDeps<Item>, 'kind' | 'read'>,
): Generator<Item> {
  for (let at = segmentHeaderBytes; at < end;) {
    const record = readRecord(content, at, seed);
    if (record === undefined) throw new RangeError(`no whole record at byte ${at}`);
    for (const part of record.parts) if (part.kind === kind) yield* read(content, part);
    at = record.end;
  }
}
