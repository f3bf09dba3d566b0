import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadLog, type LoadedLog } from '../../src/journal/disk-load.ts';
import { readNote } from '../../src/journal/disk-note.ts';
import { sampleMessage } from '../contract/sample-message.ts';
import type { Scope } from '../support/cleanup.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { copyAsOfNow, idsIn, openJournal } from './disk-journal.ts';

const sizes = { leastBytes: 4096, mostBytes: 4096 };
const name = 'journal-1.log';

interface Written {
  /** As it is after a process that died, or was stopped in order, after `one`, `two` and `three`. */
  readonly dir: string;
  readonly content: Buffer;
  /** Where each of their records begins, and the last one ends. */
  readonly starts: readonly number[];
}

/** One commit each; the last one has every kind of part. */
async function write(scope: Scope, { isStopped }: { isStopped: boolean }): Promise<Written> {
  const [from, dir] = [await makeTempDir(scope), await makeTempDir(scope)];
  const { journal } = await openJournal(scope, from, { sizes });
  const starts: number[] = [];
  for (const id of ['one', 'two', 'three']) {
    starts.push(usedBytes(readFileSync(join(from, name))));
    await journal.append([sampleMessage({ id, fingerprint: 'f'.repeat(22), uids: ['u', 'v'] })]);
  }
  if (isStopped) await journal.stop();
  copyAsOfNow(from, dir);
  const content = readFileSync(join(dir, name));
  const last = starts.at(-1) ?? 0;
  return { dir, content, starts: [...starts, last + content.readUInt32LE(last + 4)] };
}

function load(dir: string): LoadedLog & { readonly records: number } {
  const note = readNote(dir)?.journal;
  assert.ok(note !== undefined);
  let records = 0;
  return { ...loadLog(dir, 'journal', note, () => (records += 1)), records };
}

const garbled = (content: Buffer, from: number, to: number, byte: number): Buffer =>
  Buffer.from(content).fill(byte, from, to);

test('a last record that is not whole, from or up to any of its bytes, is passed over; all before it are there', async (t) => {
  const { dir, content, starts } = await write(t, { isStopped: false });
  const [, , start = 0, end = 0] = starts;
  // Three, after the one with which a journal begins.
  assert.deepEqual([load(dir).records, load(dir).isTorn], [4, false]);
  assert.ok(end - start > 150);
  for (let at = start; at < end; at += 1) {
    for (const byte of [0, 0xa5]) {
      const torn = [garbled(content, at, end, byte), garbled(content, start, at + 1, byte)];
      for (const bytes of torn) {
        if (bytes.equals(content)) continue;
        writeFileSync(join(dir, name), bytes);
        const { records, isTorn } = load(dir);
        assert.deepEqual(
          [records, isTorn],
          [3, byte !== 0 || !bytes.subarray(start).equals(Buffer.alloc(4096 - start))],
        );
      }
    }
  }
});

test('a journal with a torn end goes on, and what was torn never comes back', async (t) => {
  const { dir, content, starts } = await write(t, { isStopped: false });
  const [, , start = 0, end = 0] = starts;
  for (const from of [start, start + 4, start + 30, end - 1]) {
    const copy = await makeTempDir(t);
    copyAsOfNow(dir, copy);
    writeFileSync(join(copy, name), garbled(content, from, end, 0xa5));
    const first = await openJournal(t, copy, { sizes });
    assert.deepEqual(first.events, [{ event: 'journal.torn', dir: copy, file: name, at: start }]);
    assert.deepEqual(await idsIn(first.journal), ['one', 'two']);
    const [again] = await first.journal.append([sampleMessage({ id: 'three', fingerprint: 'other' })]);
    assert.equal(again?.outcome, 'appended', 'its id was not used');
    assert.deepEqual(
      readFileSync(join(copy, name)).subarray(start, end),
      garbled(content, from, end, 0xa5).subarray(start, end),
    );

    const later = await makeTempDir(t);
    copyAsOfNow(copy, later);
    // As if it had been whole at last: a disk that wrote it late.
    copyFileSync(join(dir, name), join(later, name));
    await first.journal.stop();
    for (const place of [copy, later]) {
      const next = await openJournal(t, place, { sizes });
      assert.deepEqual(next.events, []);
      assert.deepEqual(await idsIn(next.journal), ['one', 'two', 'three']);
      assert.equal((await next.journal.find('three'))?.mid, again?.mid);
      await next.journal.stop();
    }
  }
});

test('any other byte in a record before the last one, or in the header of the file, is damage', async (t) => {
  const { dir, content, starts } = await write(t, { isStopped: false });
  const [, , last = 0] = starts;
  for (let at = 0; at < last; at += 1) {
    const bytes = Buffer.from(content);
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    writeFileSync(join(dir, name), bytes);
    // What follows a record up to a multiple of 8 is zero and says nothing.
    if (isPadding(content, starts, at)) continue;
    assert.throws(() => load(dir), RangeError, `byte ${at}`);
  }
});

test('after a stop in order the last record counts as well', async (t) => {
  const { dir, content, starts } = await write(t, { isStopped: true });
  const [, , start = 0, end = 0] = starts;
  assert.equal(load(dir).records, 4);
  for (let at = start; at < 4096; at += at < end ? 1 : 101) {
    const bytes = Buffer.from(content);
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    writeFileSync(join(dir, name), bytes);
    if (isPadding(content, starts, at)) continue;
    assert.throws(() => load(dir), RangeError, `byte ${at}`);
  }
  writeFileSync(join(dir, name), garbled(content, start, end, 0));
  assert.throws(() => load(dir), /journal-1\.log has no whole record at byte \d+, where one was written/);
});

test('a record behind the torn one, or of another file, is no end', async (t) => {
  const { dir, content, starts } = await write(t, { isStopped: false });
  const [first = 0, second = 0, third = 0, end = 0] = starts;
  // The second is gone, and of the third, which began after the second was acknowledged, only the header came to be.
  writeFileSync(join(dir, name), garbled(garbled(content, second, third, 0), third + 40, end, 0));
  assert.throws(() => load(dir), /has no whole record at byte/);
  // A torn one does not reach as far.
  const beyond = garbled(content, third + 40, end, 0);
  beyond[3000] = 1;
  writeFileSync(join(dir, name), beyond);
  assert.throws(() => load(dir), /has no whole record at byte/);
  // A record again where one is due: it is not the one that is.
  const again = Buffer.from(content);
  content.copy(again, third, first, second);
  writeFileSync(join(dir, name), again);
  assert.throws(() => load(dir), /has no whole record at byte/);
  // The same record in another journal.
  const other = await write(t, { isStopped: false });
  const foreign = Buffer.from(content);
  other.content.copy(foreign, third, third, end);
  writeFileSync(join(dir, name), foreign);
  assert.deepEqual([load(dir).records, load(dir).isTorn], [3, true]);
});

test('a journal whose note is gone is not taken for an empty directory', async (t) => {
  const { dir } = await write(t, { isStopped: false });
  const note = readFileSync(join(dir, 'tidings.json'));
  rmSync(join(dir, 'tidings.json'));
  await assert.rejects(openJournal(t, dir), /is damaged: tidings\.json does not know of journal-1\.log/);
  for (const text of ['', '{"format":2}', note.toString().replace('"newest":1', '"newest":2')]) {
    writeFileSync(join(dir, 'tidings.json'), text);
    await assert.rejects(openJournal(t, dir), /tidings\.json (cannot be read|is not as it was written)/);
  }
});

function isPadding(content: Buffer, starts: readonly number[], at: number): boolean {
  const start = Math.max(64, ...starts.filter((one) => one <= at));
  const length = content.readUInt32LE(start + 4);
  return at >= 64 && at < Math.ceil((start + length) / 8) * 8 && at >= start + length;
}

/** Up to where there are records: a multiple of 8. */
function usedBytes(content: Buffer): number {
  let at = content.length;
  while (at > 0 && content[at - 1] === 0) at -= 1;
  return Math.ceil(at / 8) * 8;
}
