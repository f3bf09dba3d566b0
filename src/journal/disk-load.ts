import { hasLaterRecord, readHeaderAt, readRecord, type ReadRecord } from './disk-record.ts';
import {
  isZero,
  readSegment,
  segmentHeaderBytes,
  segmentName,
  type ReadSegment,
  type SegmentFile,
} from './disk-segment.ts';
import type { LogNote } from './disk-note.ts';

/** Where the records of a log end: in this segment, before this offset, with this number. */
export interface LogEnd {
  readonly segment: number;
  readonly end: number;
  readonly sequence: number;
}

export interface LogSegment extends SegmentFile {
  /** Where its records end. */
  end: number;
}

export interface LoadedLog {
  /** All of them, in the order of their numbers. */
  readonly segments: readonly LogSegment[];
  readonly end: LogEnd;
  /** Behind the end are bytes that are no record: of a last commit that was never acknowledged, as it did not come to its end. */
  readonly isTorn: boolean;
}

export type OnRecord = (segment: number, content: Buffer, record: ReadRecord) => void;

/**
 * Reads a log from its oldest segment to its end. Whatever was acknowledged is a whole record, and each is one more than the one
 * before; the first record of a segment says where the records before it end, so that what a failed write left there, and in segments
 * between, is passed over. Throws a RangeError when something that was acknowledged may be missing. Nothing is changed.
 */
export function loadLog(dir: string, log: string, note: LogNote, onRecord: OnRecord): LoadedLog {
  const links = linksOf(dir, log, note);
  const segments: LogSegment[] = [];
  let sequence = 0;
  let tail: (ReadSegment & LogSegment) | undefined;
  const after: ReadSegment[] = [];

  for (let number = note.oldest; number <= note.newest; number += 1) {
    const segment = { ...readSegment(dir, log, number), end: segmentHeaderBytes };
    const link = links.get(number);
    if (link === undefined) {
      segments.push(placeOf(segment));
      if (tail !== undefined) after.push(segment);
      continue;
    }
    const limit = link.end ?? segment.bytes;
    while (segment.end < limit) {
      const record = readRecord(segment.content, segment.end, segment.seed);
      if (record === undefined || (sequence !== 0 && record.sequence !== sequence + 1)) break;
      onRecord(number, segment.content, record);
      sequence = record.sequence;
      segment.end = record.end;
    }
    segments.push(placeOf(segment));
    if (link.end === undefined) tail = segment;
    else if (segment.end !== link.end) throw new RangeError(badRecord(log, number, segment.end));
  }
  if (tail === undefined || tail.end === segmentHeaderBytes) throw new RangeError(`${log} has lost its end`);

  const { end } = tail;
  const isTorn = !isZero(tail.content, end) || !after.every(({ content }) => isZero(content, segmentHeaderBytes));
  const found: LogEnd = { segment: tail.number, end, sequence };
  if (isTorn) judgeRest(log, found, tail, after);
  if (note.stopped !== null) {
    const [stoppedIn, stoppedAt, stoppedAfter] = note.stopped;
    const isThere = stoppedIn === found.segment && stoppedAt === end && stoppedAfter === sequence;
    if (!isThere || isTorn) throw new RangeError(badRecord(log, found.segment, end));
  }
  return { segments, end: found, isTorn };
}

/** Without its contents: all of them together may be more than memory has room for twice. */
function placeOf({ number, bytes, seed, end }: LogSegment): LogSegment {
  return { number, bytes, seed, end };
}

/** The segments whose records count, with the end of those; undefined in the newest of them, whose end is to be found. */
function linksOf(dir: string, log: string, { oldest, newest }: LogNote): Map<number, { end: number | undefined }> {
  const links = new Map<number, { end: number | undefined }>();
  let wanted: number | undefined;
  let end: number | undefined;
  for (let number = newest; number >= oldest; number -= 1) {
    if (wanted !== undefined && number > wanted) continue;
    const { content, seed } = readSegment(dir, log, number);
    const first = readRecord(content, segmentHeaderBytes, seed);
    if (first === undefined && wanted === undefined) continue;
    if (first === undefined) throw new RangeError(badRecord(log, number, segmentHeaderBytes));
    links.set(number, { end });
    ({ number: wanted, end } = first.previous);
  }
  if (wanted === undefined || wanted >= oldest)
    throw new RangeError(`${segmentName(log, wanted ?? newest)} has lost its records`);
  return links;
}

/** Throws for anything after the end that one unfinished commit cannot have left. */
function judgeRest(
  log: string,
  { segment, end, sequence }: LogEnd,
  last: ReadSegment,
  after: readonly ReadSegment[],
): void {
  const { content, seed } = last;
  const torn = readHeaderAt(content, end, seed);
  if (torn !== undefined && (torn.sequence !== sequence + 1 || !isZero(content, torn.end))) {
    throw new RangeError(badRecord(log, segment, end));
  }
  const above = sequence + 1;
  if (hasLaterRecord(content, end, { seed, above })) throw new RangeError(badRecord(log, segment, end));
  for (const { number, content, seed } of after) {
    if (hasLaterRecord(content, segmentHeaderBytes, { seed, above }))
      throw new RangeError(badRecord(log, number, segmentHeaderBytes));
  }
}

function badRecord(log: string, segment: number, at: number): string {
  return `${segmentName(log, segment)} has no whole record at byte ${at}, where one was written`;
}
