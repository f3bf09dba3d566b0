import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../../src/journal/journal.ts';
import { markRetracted, midAt } from '../../src/journal/packed-record.ts';
import { offsetOf, RecordLog } from '../../src/journal/record-log.ts';
import { sampleMessage } from '../contract/sample-message.ts';
import { seeded } from './seeded.ts';

const noLink = (): number => -1;

function entry(mid: number, length: number): Entry {
  const push = `${mid} ${'x'.repeat(length)}`;
  return { mid, message: sampleMessage({ id: `i${mid}`, uids: ['1', 'é'], expiresAtMs: mid, push }) };
}

test('it holds what a plain list would, over thousands of appends, drops, retractions and readings', () => {
  const chance = seeded(5);
  const log = new RecordLog();
  const list: Entry[] = [];
  const retracted = new Set<number>();
  let mid = 0;
  let longest = 0;
  for (let step = 0; step < 6000; step += 1) {
    if (chance.happens(step < 3000 ? 0.7 : 0.45) || list.length === 0) {
      mid += 1 + chance.below(1000);
      const length = chance.pick([0, 10, 100, 2000, 20_000, step % 200 === 0 ? 1_500_000 : 5]);
      const next = entry(mid, length);
      const place = log.append(next, noLink);
      assert.equal(log.placeOf(mid), place);
      list.push(next);
    } else {
      const first = list.shift();
      log.dropFirst((segment, start) => assert.equal(midAt(segment.buffer, start), first?.mid));
    }
    longest = Math.max(longest, list.length);
    assert.equal(log.count, list.length);
    assert.equal(log.firstMid, list[0]?.mid);
    if (step % 30 === 0 && list.length > 0) {
      const wrong = chance.pick(list).mid;
      const place = log.placeOf(wrong) ?? assert.fail();
      const segment = log.segmentOf(place) ?? assert.fail();
      markRetracted(segment.buffer, offsetOf(place));
      retracted.add(wrong);
    }
    if (step % 100 === 0) {
      const near = list.length === 0 ? 0 : chance.pick(list).mid;
      for (const after of [0, near - 1, near, near + 1, mid - 1, mid, mid + 1]) {
        const limit = chance.pick([1, 7, 10_000]);
        const expected = list.filter((one) => one.mid > after && !retracted.has(one.mid)).slice(0, limit);
        assert.deepEqual(log.read(after, limit), expected);
      }
      const found = log.findId(`i${near}`);
      assert.deepEqual(found?.entry.mid, list.length === 0 ? undefined : near);
      assert.equal(found?.isRetracted ?? false, retracted.has(near) && found !== undefined);
      assert.equal(log.placeOf(near + 0.5), undefined);
      assert.equal(log.placeOf(mid + 1), undefined);
    }
  }
  assert.ok(longest > 1000, `${longest} entries at most`);
  assert.equal(log.findId('unknown'), undefined);
  while (list.pop() !== undefined) log.dropFirst(() => {});
  assert.equal(log.count, 0);
  assert.equal(log.bytes, 0);
  assert.equal(log.firstMid, undefined);
  assert.deepEqual(log.read(0, 10), []);
});

test('the place of what was dropped is no place any more', () => {
  const log = new RecordLog();
  const places = Array.from({ length: 40 }, (_, index) => log.append(entry(index + 1, 100_000), noLink));
  for (let dropped = 0; dropped < 35; dropped += 1) log.dropFirst(() => {});
  assert.equal(log.segmentOf(places[0] ?? 0), undefined);
  assert.equal(log.placeOf(1), undefined);
  assert.equal(log.placeOf(35), undefined);
  assert.equal(log.placeOf(36), places[35]);
});

test('the bytes are those of the records that are kept', () => {
  const log = new RecordLog();
  log.append(entry(1, 0), noLink);
  const one = log.bytes;
  log.append(entry(2, 100_000), noLink);
  assert.equal(log.bytes, 2 * one + 100_000);
  log.dropFirst(() => {});
  assert.equal(log.bytes, one + 100_000);
});

test('dropping from an empty log is an error', () => {
  assert.throws(() => new RecordLog().dropFirst(() => {}), RangeError);
});
