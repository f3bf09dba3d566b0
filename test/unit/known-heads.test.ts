import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KnownHeads, maxHeads } from '../../src/cluster/known-heads.ts';

test('it knows the numbers that it heard of, and none between', () => {
  const heads = new KnownHeads();
  assert.equal(heads.has(0), false);
  assert.equal(heads.has(7), false);
  heads.add(0);
  heads.add(7);
  heads.add(7);
  heads.add(9);
  assert.deepEqual(
    [0, 6, 7, 8, 9, 10].map((mid) => heads.has(mid)),
    [true, false, true, false, true, false],
  );
});

test('the newest ones are kept, also after many rounds, and one that comes again takes no place', () => {
  const heads = new KnownHeads();
  const count = 3 * maxHeads + 11;
  for (let mid = 1; mid <= count; mid += 1) {
    heads.add(3 * mid);
    heads.add(3 * mid);
  }
  for (let mid = count - maxHeads + 1; mid <= count; mid += 1) {
    assert.equal(heads.has(3 * mid), true);
    assert.equal(heads.has(3 * mid + 1), false);
  }
  assert.equal(heads.has(3 * (count - maxHeads)), false);
});
