import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../../src/journal/journal.ts';
import { RecordLog } from '../../src/journal/record-log.ts';
import { seeded } from './seeded.ts';

function entry(mid: number, length: number, hasCallersId: boolean): Entry {
  const push = `${mid} ${'x'.repeat(length)}`;
  return { mid, message: { id: `i${mid}`, hasCallersId, uids: ['1', 'é'], type: 'notice', expiresAtMs: mid, push } };
}

test('it holds what a plain list would, over thousands of appends, drops and readings', () => {
  const chance = seeded(5);
  const log = new RecordLog();
  const list: Entry[] = [];
  let mid = 0;
  let longest = 0;
  for (let step = 0; step < 6000; step += 1) {
    if (chance.happens(step < 3000 ? 0.7 : 0.45) || list.length === 0) {
      mid += 1 + chance.below(1000);
      const length = chance.pick([0, 10, 100, 2000, 20_000, step % 200 === 0 ? 1_500_000 : 5]);
      const next = entry(mid, length, chance.happens(0.5));
      log.append(mid, next.message);
      list.push(next);
    } else {
      const first = list.shift();
      assert.equal(log.dropFirst(), first?.message.hasCallersId === true ? first.message.id : undefined);
    }
    longest = Math.max(longest, list.length);
    assert.equal(log.count, list.length);
    assert.equal(log.firstMid, list[0]?.mid);
    if (step % 100 === 0) {
      const near = list.length === 0 ? 0 : chance.pick(list).mid;
      for (const after of [0, near - 1, near, near + 1, mid - 1, mid, mid + 1]) {
        const limit = chance.pick([1, 7, 10_000]);
        assert.deepEqual(log.read(after, limit), list.filter((one) => one.mid > after).slice(0, limit));
      }
    }
  }
  assert.ok(longest > 1000, `${longest} entries at most`);
  while (list.pop() !== undefined) log.dropFirst();
  assert.equal(log.count, 0);
  assert.equal(log.bytes, 0);
  assert.equal(log.firstMid, undefined);
  assert.deepEqual(log.read(0, 10), []);
});

test('the bytes are those of the records that are kept', () => {
  const log = new RecordLog();
  log.append(1, entry(1, 0, true).message);
  const one = log.bytes;
  log.append(2, entry(2, 100_000, true).message);
  assert.equal(log.bytes, 2 * one + 100_000);
  log.dropFirst();
  assert.equal(log.bytes, one + 100_000);
});

test('dropping from an empty log is an error', () => {
  assert.throws(() => new RecordLog().dropFirst(), RangeError);
});
