import type { Entry, Found, MailboxPage, PageLimits } from './journal.ts';
import {
  forSlots,
  isRetracted,
  isToAll,
  markRetracted,
  midAt,
  previousSlot,
  pushBytesAt,
  recordOfSlot,
  unpackEntry,
} from './packed-record.ts';
import { lowerBound, offsetOf, RecordLog } from './record-log.ts';

export interface MailboxLogBounds {
  readonly messages: number;
  readonly bytes: number;
  /** The most entries of one uid, and to all, that a mailbox gives. */
  readonly mailboxMessages: number;
  readonly broadcastMessages: number;
}

/** What a uid costs that has a mailbox: its name and its number in a Map, by measurement. */
const uidOverheadBytes = 110;

/** No slot before this one. */
const none = -1;

/**
 * The newest entries in memory with their mailboxes: packed records, for each uid the place of its newest slot (the slots before
 * it are a chain through the records), and one list for all. Never above its bounds, which count what the index takes as well.
 */
export class MailboxLog {
  readonly #bounds: MailboxLogBounds;
  readonly #log = new RecordLog();
  readonly #newestSlots = new Map<string, number>();
  #uidBytes = 0;
  /** The places of the entries to all. Those before `#firstToAll` are dropped. */
  #toAll: number[] = [];
  #firstToAll = 0;
  #head = 0;
  #since = 0;
  #sinceToAll = 0;

  constructor(bounds: MailboxLogBounds) {
    this.#bounds = bounds;
  }

  get count(): number {
    return this.#log.count;
  }

  /** Of the records and of what indexes them. */
  get bytes(): number {
    return this.#log.bytes + this.#uidBytes + 8 * (this.#toAll.length - this.#firstToAll);
  }

  /** The newest mid that it was given. */
  get head(): number {
    return this.#head;
  }

  /** It holds everything above this mid, except what was retracted. */
  get since(): number {
    return this.#since;
  }

  /** Begins empty, complete above `mid`; forgets what it holds. */
  startAt(mid: number): void {
    while (this.#log.count > 0) this.#dropFirst();
    this.#head = this.#since = this.#sinceToAll = mid;
  }

  /** Everything up to `mid` is known, although no entry has that number. */
  raiseHead(mid: number): void {
    this.#head = Math.max(this.#head, mid);
  }

  /** The mid must be above `head`. O(length of the message). */
  append(entry: Entry): void {
    const place = this.#log.append(entry, (uid, slot) => this.#link(uid, slot));
    this.#head = entry.mid;
    if (entry.message.uids === null) this.#toAll.push(place);
    const { messages, bytes, broadcastMessages } = this.#bounds;
    while (this.#toAll.length - this.#firstToAll > broadcastMessages) this.#sinceToAll = this.#dropFirstToAll();
    while (this.#log.count > 0 && (this.#log.count > messages || this.bytes > bytes)) this.#dropFirst();
  }

  /** Drops what has a mid at or below `mid`. */
  dropThrough(mid: number): void {
    for (let first = this.#log.firstMid; first !== undefined && first <= mid; first = this.#log.firstMid)
      this.#dropFirst();
  }

  /** Takes the entry out of every mailbox. False: it is not here (any more), or was taken out before. */
  retract(mid: number): boolean {
    const place = this.#log.placeOf(mid);
    const segment = place === undefined ? undefined : this.#log.segmentOf(place);
    if (place === undefined || segment === undefined || isRetracted(segment.buffer, offsetOf(place))) return false;
    markRetracted(segment.buffer, offsetOf(place));
    return true;
  }

  /**
   * The newest number at or below `mid`, and not below `since`, that it has given: `mid` itself when it is a cursor of this journal.
   * O(log kept).
   */
  numberUpTo(mid: number): number {
    return mid >= this.#head ? this.#head : Math.max(this.#since, this.#log.midUpTo(mid) ?? 0);
  }

  /** As `Journal.read`. */
  read(after: number, limit: number): Entry[] {
    return this.#log.read(after, limit);
  }

  /** O(kept). */
  find(id: string): Found | undefined {
    const found = this.#log.findId(id);
    if (found === undefined) return undefined;
    return { mid: found.entry.mid, message: found.isRetracted ? undefined : found.entry.message };
  }

  /** As `Journal.mailbox`; what is older than `since` is a gap. O(entries of the mailbox above `after`). */
  mailbox(uid: string, after: number, limits: PageLimits): MailboxPage {
    const own = this.#ownAbove(uid, after);
    const from = lowerBound(
      this.#toAll.length,
      (index) => index >= this.#firstToAll && this.#midOf(this.#toAll[index]) > after,
    );
    const gap = after < this.#since || after < this.#sinceToAll || own.isCut;
    const entries: Entry[] = [];
    let bytes = 0;
    let through = after;
    let nextOwn = own.places.length - 1;
    let nextToAll = from;
    for (;;) {
      const ownMid = this.#midOf(own.places[nextOwn]);
      const toAllMid = this.#midOf(this.#toAll[nextToAll]);
      if (ownMid === Infinity && toAllMid === Infinity) return { entries, through: this.#head, gap, isLast: true };
      const place = (ownMid < toAllMid ? own.places[nextOwn] : this.#toAll[nextToAll]) ?? none;
      const segment = this.#log.segmentOf(place);
      if (segment === undefined) throw new RangeError(`no record at ${place}`);
      const start = offsetOf(place);
      if (!isRetracted(segment.buffer, start)) {
        bytes += pushBytesAt(segment.buffer, start);
        if (entries.length > 0 && (entries.length >= limits.entries || bytes > limits.bytes)) {
          return { entries, through, gap, isLast: false };
        }
        entries.push(unpackEntry(segment.buffer, start, uid));
        through = Math.min(ownMid, toAllMid);
      }
      if (ownMid < toAllMid) nextOwn -= 1;
      else nextToAll += 1;
    }
  }

  #link(uid: string, slot: number): number {
    const before = this.#newestSlots.get(uid);
    this.#newestSlots.set(uid, slot);
    if (before !== undefined) return before;
    this.#uidBytes += uidOverheadBytes + uid.length;
    return none;
  }

  /** The places of the uid's own records above `after`, newest first; `isCut`: there are more than a mailbox holds. */
  #ownAbove(uid: string, after: number): { readonly places: readonly number[]; readonly isCut: boolean } {
    const places: number[] = [];
    const oldest = Math.max(after + 1, this.#log.firstMid ?? Infinity);
    let slot = this.#newestSlots.get(uid) ?? none;
    while (slot !== none) {
      const segment = this.#log.segmentOf(slot);
      if (segment === undefined) break;
      const at = offsetOf(slot);
      const start = recordOfSlot(segment.buffer, at);
      if (midAt(segment.buffer, start) < oldest) break;
      if (places.length === this.#bounds.mailboxMessages) return { places, isCut: true };
      places.push(slot - at + start);
      slot = previousSlot(segment.buffer, at);
    }
    return { places, isCut: false };
  }

  /** Infinity: there is none. */
  #midOf(place: number | undefined): number {
    const segment = place === undefined ? undefined : this.#log.segmentOf(place);
    return place === undefined || segment === undefined ? Infinity : midAt(segment.buffer, offsetOf(place));
  }

  #dropFirst(): void {
    this.#log.dropFirst((segment, start) => {
      this.#since = midAt(segment.buffer, start);
      const base = segment.base;
      if (isToAll(segment.buffer, start)) {
        if (this.#toAll[this.#firstToAll] === base + start) this.#dropFirstToAll();
        return;
      }
      forSlots(segment.buffer, start, (uid, slot) => {
        // It was the newest one: the mailbox is empty now.
        if (this.#newestSlots.get(uid) !== base + slot) return;
        this.#newestSlots.delete(uid);
        this.#uidBytes -= uidOverheadBytes + uid.length;
      });
    });
  }

  /** Returns the mid of what it dropped. */
  #dropFirstToAll(): number {
    const mid = this.#midOf(this.#toAll[this.#firstToAll]);
    this.#firstToAll += 1;
    if (this.#firstToAll > 1000 && this.#firstToAll * 2 > this.#toAll.length) {
      this.#toAll = this.#toAll.slice(this.#firstToAll);
      this.#firstToAll = 0;
    }
    return mid;
  }
}
