import { join } from 'node:path';
import type { DiskFiles } from './disk-files.ts';
import type { LoadedLog, LogEnd, LogSegment } from './disk-load.ts';
import type { LogNote } from './disk-note.ts';
import { packRecord, sealRecord, type PartWriter } from './disk-record.ts';
import { createSegment, segmentHeaderBytes, segmentName } from './disk-segment.ts';

export interface DiskLogDeps {
  readonly files: DiskFiles;
  readonly dir: string;
  readonly name: string;
  /** Makes it durable which segments there are, together with their names. */
  readonly note: (change: (note: LogNote) => LogNote) => Promise<void>;
  /** How long the next segment should be. A record that does not fit gets a longer one. */
  readonly nextBytes: () => number;
}

interface OpenSegment extends LogSegment {
  readonly file: number;
}

/**
 * A log of segments: `append` is one write and one flush of a file that has its length already. The next segment is made while this
 * one is being filled. One append at a time. After a write or a flush that failed the file is not written again: a second flush may say yes
 * although the system has dropped what the first one could not write. The next record then begins a new segment, and says
 * where the good ones before it end.
 */
export class DiskLog {
  readonly #deps: DiskLogDeps;
  readonly #segments: LogSegment[];
  #end: LogEnd;
  #current: OpenSegment | undefined;
  #next: Promise<OpenSegment> | undefined;
  /** Made, while it is not known whether the note names it. */
  #unnoted: OpenSegment | undefined;
  #background: Promise<unknown> = Promise.resolve();

  constructor(deps: DiskLogDeps, { segments, end }: Pick<LoadedLog, 'segments' | 'end'>) {
    this.#deps = deps;
    this.#segments = [...segments];
    this.#end = end;
  }

  /** Goes on where it ended, and then in the empty segment that was prepared; else a new one is begun. */
  async open({ isTorn }: Pick<LoadedLog, 'isTorn'>): Promise<void> {
    const { files } = this.#deps;
    const { segment } = this.#end;
    const [last, next] = this.#segments.filter(({ number }) => number >= segment);
    if (isTorn || last === undefined) return;
    const file = await files.open(this.path(last.number), 'existing');
    this.#current = Object.assign(last, { file });
    // What its last writer did not live to see flushed is served as well.
    await files.flush(file);
    if (next === undefined) return;
    const nextFile = await files.open(this.path(next.number), 'existing');
    this.#next = Promise.resolve(Object.assign(next, { file: nextFile }));
  }

  /** Where it ends: what was appended is before. */
  get end(): LogEnd {
    return this.#end;
  }

  /** Of all segments, those that are empty still as well. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** What is written now and next. */
  get headBytes(): number {
    return this.#segments.reduce((sum, { number, bytes }) => sum + (number >= this.#end.segment ? bytes : 0), 0);
  }

  /** The oldest segment, unless it is that of the newest record. */
  get oldest(): LogSegment | undefined {
    const [first] = this.#segments;
    return first === undefined || first.number >= this.#end.segment ? undefined : first;
  }

  /** Resolves with the number of its segment once the record is on disk. Rejects with the system's error: then it counts for nothing. */
  async append(parts: readonly PartWriter[]): Promise<number> {
    const record = packRecord(parts);
    const segment = await this.#segmentFor(record.length);
    const isFirst = segment.end === segmentHeaderBytes;
    const previous = isFirst ? { number: this.#end.segment, end: this.#end.end } : { number: 0, end: 0 };
    const sequence = this.#end.sequence + 1;
    sealRecord(record, { seed: segment.seed, sequence, previous });
    try {
      await this.#deps.files.write(segment.file, record, segment.end);
      await this.#deps.files.flush(segment.file);
    } catch (error) {
      this.#current = undefined;
      this.#close(segment);
      throw error;
    }
    segment.end += record.length;
    this.#end = { segment: segment.number, end: segment.end, sequence };
    if (segment.end > segment.bytes / 2) this.#prepareNext();
    return segment.number;
  }

  /** Takes the oldest segment away. Its records are forgotten once the note is on disk. */
  async removeOldest(): Promise<void> {
    const { oldest } = this;
    const then = this.#segments[1];
    if (oldest === undefined || then === undefined) return;
    await this.#deps.note((note) => ({ ...note, oldest: then.number }));
    this.#segments.shift();
    await this.#deps.files.remove(this.path(oldest.number));
  }

  path(number: number): string {
    return join(this.#deps.dir, segmentName(this.#deps.name, number));
  }

  /** Resolves when nothing is being done to a file. It is not to be called while an append is under way. */
  async close(): Promise<void> {
    const next = await this.#next?.catch(() => undefined);
    for (const open of [next, this.#current, this.#unnoted]) if (open !== undefined) this.#close(open);
    this.#next = this.#current = undefined;
    await this.#background;
  }

  async #segmentFor(bytes: number): Promise<OpenSegment> {
    const fits = (segment: OpenSegment): boolean => segment.end + bytes <= segment.bytes;
    if (this.#current !== undefined && fits(this.#current)) return this.#current;
    const prepared = this.#next;
    this.#next = undefined;
    let next = await prepared?.catch(() => undefined);
    if (next !== undefined && !fits(next)) {
      this.#close(next);
      next = undefined;
    }
    next ??= await this.#make(segmentHeaderBytes + bytes);
    if (this.#current !== undefined) this.#close(this.#current);
    this.#current = next;
    return next;
  }

  #prepareNext(): void {
    if (this.#next !== undefined) return;
    this.#next = this.#make(0);
    // Whoever needs it is told, and tries again.
    this.#next.catch(() => {});
  }

  async #make(leastBytes: number): Promise<OpenSegment> {
    const { files, nextBytes, note } = this.#deps;
    let made = this.#unnoted;
    if (made !== undefined && made.bytes < leastBytes) {
      this.#segments.push(made);
      this.#close(made);
      made = this.#unnoted = undefined;
    }
    const number = (this.#segments.at(-1)?.number ?? 0) + 1;
    const bytes = Math.max(nextBytes(), leastBytes);
    made ??= { ...(await createSegment(files, this.path(number), { number, bytes })), end: segmentHeaderBytes };
    // A note that failed may be on disk all the same: what it names must stay.
    this.#unnoted = made;
    await note((before) => ({ ...before, newest: number }));
    this.#unnoted = undefined;
    this.#segments.push(made);
    return made;
  }

  #close({ file }: OpenSegment): void {
    const closed = this.#deps.files.close(file).catch(() => {});
    this.#background = Promise.all([this.#background, closed]);
  }
}
