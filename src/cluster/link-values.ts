import type { Appended, Entry, Found, Health, MailboxPage } from '../journal/journal.ts';
import type { Message } from '../message/message.ts';
import { linkOutcomes, type LinkBody } from './link-frames.ts';
import type { LinkWriter } from './link-writer.ts';

/** The values of frames, each as it is written and as it is read. */

/** Messages that have no number yet. */
export function writeMessages(frame: LinkWriter, messages: readonly Message[]): void {
  frame.count(messages.length);
  for (const message of messages) frame.entry({ mid: 0, message });
}

export function readMessages(body: LinkBody): Message[] {
  return body.many(() => body.entry().message);
}

export function writeAppended(frame: LinkWriter, appended: readonly Appended[]): void {
  frame.count(appended.length);
  for (const { mid, outcome } of appended) frame.number(mid).byte(linkOutcomes.indexOf(outcome));
}

/** Throws a RangeError for an outcome that there is not. */
export function readAppended(answer: LinkBody): readonly Appended[] {
  return answer.many(() => {
    const mid = answer.number();
    const outcome = linkOutcomes[answer.byte()];
    if (outcome === undefined) throw new RangeError('an outcome that there is not');
    return { mid, outcome };
  });
}

export function writePage(frame: LinkWriter, { entries, through, gap, isLast }: MailboxPage): void {
  frame
    .number(through)
    .byte(gap ? 1 : 0)
    .byte(isLast ? 1 : 0);
  writeEntries(frame, entries);
}

export function readPage(answer: LinkBody): MailboxPage {
  const through = answer.number();
  const gap = answer.byte() === 1;
  const isLast = answer.byte() === 1;
  return { entries: answer.entries(), through, gap, isLast };
}

export function writeFound(frame: LinkWriter, found: Found | undefined): void {
  frame.byte(found === undefined ? 0 : 1);
  if (found === undefined) return;
  const { mid, message } = found;
  frame.number(mid).byte(message === undefined ? 0 : 1);
  if (message !== undefined) frame.entry({ mid, message });
}

export function readFound(answer: LinkBody): Found | undefined {
  if (answer.byte() === 0) return undefined;
  const mid = answer.number();
  return { mid, message: answer.byte() === 0 ? undefined : answer.entry().message };
}

export function writeHealth(frame: LinkWriter, health: Health): void {
  frame.byte(health.ok ? 1 : 0);
  if (!health.ok) frame.text(health.reason);
}

export function readHealth(body: LinkBody): Health {
  return body.byte() === 1 ? { ok: true } : { ok: false, reason: body.text() };
}

export function writeEntries(frame: LinkWriter, entries: readonly Entry[]): void {
  frame.count(entries.length);
  for (const entry of entries) frame.entry(entry);
}

export function writeNumbers(frame: LinkWriter, numbers: readonly number[]): void {
  frame.count(numbers.length);
  for (const number of numbers) frame.number(number);
}
