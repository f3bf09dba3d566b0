import type { AckCursors } from './ack-cursors.ts';
import type { CallerIds } from './caller-ids.ts';
import { acksBound, idsBound, partKinds, readAcks, readEntries, readIds, readLast } from './disk-parts.ts';
import type { Ack, RememberedId } from './disk-parts.ts';
import type { OnRecord } from './disk-load.ts';
import type { Entry } from './journal.ts';
import type { MailboxLog } from './mailbox-log.ts';

/** What memory keeps of a journal on disk. What it does not keep, the disk need not. */
export interface Kept {
  readonly log: MailboxLog;
  readonly callerIds: CallerIds;
  readonly acks: AckCursors;
}

/** What stands in one segment: the newest mid of its entries, and of its ids or acks. */
interface Newest {
  entry: number;
  item: number;
}

/** Knows of each segment up to which mid it has what. */
export class SegmentContents {
  readonly #newest = new Map<number, Newest>();

  note(segment: number, { entry = 0, item = 0 }: Partial<Newest>): void {
    const newest = this.#newest.get(segment);
    if (newest === undefined) this.#newest.set(segment, { entry, item });
    else {
      newest.entry = Math.max(newest.entry, entry);
      newest.item = Math.max(newest.item, item);
    }
  }

  /** Zeros of a segment that has none. */
  newest(segment: number): Readonly<Newest> {
    return this.#newest.get(segment) ?? { entry: 0, item: 0 };
  }

  forget(segment: number): void {
    this.#newest.delete(segment);
  }
}

/** What a start reads, the oldest first. */
export interface DiskReader {
  /** Nothing up to this mid is on disk. */
  begin(mid: number): void;
  entry(entry: Entry): void;
  id(id: RememberedId): void;
  ack(uid: string, mid: number): void;
}

/** Hands on what is in the records; `idsRead` is called after the last one. */
export function readingInto(reader: DiskReader, journal: SegmentContents, acks: SegmentContents) {
  let hasBegun = false;
  /** Those that were written again stand behind newer ones. */
  let ids: RememberedId[] = [];

  const onJournalRecord: OnRecord = (segment, content, { parts }) => {
    for (const part of parts) {
      if (part.kind === partKinds.last) {
        if (!hasBegun) reader.begin(readLast(content, part));
        hasBegun = true;
      } else if (part.kind === partKinds.entries) {
        for (const entry of readEntries(content, part)) {
          reader.entry(entry);
          journal.note(segment, { entry: entry.mid });
        }
      } else if (part.kind === partKinds.ids) {
        for (const id of readIds(content, part)) {
          ids.push(id);
          journal.note(segment, { item: id.mid });
        }
      } else {
        throw unknownPart(part.kind);
      }
    }
  };

  const onAckRecord: OnRecord = (segment, content, { parts }) => {
    for (const part of parts) {
      if (part.kind !== partKinds.acks) throw unknownPart(part.kind);
      for (const [uid, mid] of readAcks(content, part)) {
        reader.ack(uid, mid);
        acks.note(segment, { item: mid });
      }
    }
  };

  return {
    onJournalRecord,
    onAckRecord,
    idsRead(): void {
      ids.sort((one, other) => one.mid - other.mid);
      for (const id of ids) reader.id(id);
      ids = [];
    },
  };
}

/** What is wanted of the items that a segment has. An item that memory knows otherwise stands in a later segment as well. */
export const isIdWanted = ({ callerIds }: Kept, { id, mid }: RememberedId): boolean => callerIds.get(id)?.mid === mid;
/** Whoever has handled no more than what is not kept any more is as one who has handled nothing. */
export const isAckWanted = ({ acks, log }: Kept, [uid, mid]: Ack): boolean => mid > log.since && acks.get(uid) === mid;

/** About what a disk must hold of it, in bytes. */
export const idBytes = ({ callerIds }: Kept): number => idsBound(callerIds.size, callerIds.units);
export const ackBytes = ({ acks }: Kept): number => acksBound(acks.size, acks.units);

function unknownPart(kind: number): RangeError {
  return new RangeError(`a record has a part of kind ${kind}`);
}
