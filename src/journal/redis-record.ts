import type { Message } from '../message/message.ts';
import type { Entry } from './journal.ts';
import { decodeRecord, encodeRecord, readTexts } from './record.ts';

/**
 * A message as the text that Redis keeps, three lines: the uids (`0` for all, else a JSON list), meta and push. The uids, which may be
 * thousands, stand apart, since most who read an entry need none of them.
 */
export function encodeEntry(message: Message): string {
  const { meta, push } = encodeRecord(message.uids === null ? message : { ...message, uids: null });
  return `${message.uids === null ? '0' : JSON.stringify(message.uids)}\n${meta}\n${push}`;
}

/** Undefined for anything that `encodeEntry` did not write. */
export function decodeEntry(mid: number, text: string): Entry | undefined {
  const [uids, meta, push, ...more] = text.split('\n');
  if (uids === undefined || meta === undefined || push === undefined || more.length > 0) return undefined;
  return decodeLines(mid, uids, meta, push);
}

/** The entry as one who reads a mailbox is given it: for the reader (null: for all) and nobody else. */
export function decodeOwnEntry(mid: number, reader: string | null, meta: string, push: string): Entry | undefined {
  const message = decodeRecord({ meta, push });
  if (message === undefined || reader === null) return message && { mid, message };
  return { mid, message: { ...message, uids: [reader] } };
}

/** What an appending instance tells the others: entries without a mid between them, and the mid that stood before. */
export interface Announcement {
  /** The newest mid before these entries: who has not seen it has missed something. */
  readonly before: number;
  readonly entries: readonly Entry[];
}

/**
 * Reads what the append script publishes: the line `before first count`, then the text of each entry, numbered from `first` on. Undefined for anything else.
 */
export function decodeAnnouncement(text: string): Announcement | undefined {
  const lines = text.split('\n');
  const [before, first, count, ...more] = (lines[0] ?? '').split(' ').map(Number);
  if (!isMid(before) || !isMid(first) || !isMid(count) || more.length > 0) return undefined;
  if (first <= before || lines.length !== 1 + 3 * count) return undefined;
  const entries: Entry[] = [];
  for (let index = 0; index < count; index += 1) {
    const at = 1 + 3 * index;
    const entry = decodeLines(first + index, lines[at] ?? '', lines[at + 1] ?? '', lines[at + 2] ?? '');
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  return { before, entries };
}

function decodeLines(mid: number, uids: string, meta: string, push: string): Entry | undefined {
  const message = decodeRecord({ meta, push });
  if (message === undefined || uids === '0') return message && { mid, message };
  const list = readTexts(uids);
  return list && { mid, message: { ...message, uids: list } };
}

function isMid(value: number | undefined): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
