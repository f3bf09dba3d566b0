import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Receipts } from '../../src/hub/receipts.ts';

/** How many of the newest entries are kept, as the class has it. */
const kept = 65_536;

test('an entry is counted from when it is opened', () => {
  const receipts = new Receipts();
  const places = [5, 9, 1000].map((mid) => receipts.open(mid));
  receipts.matched(places[1] ?? -1, 3);
  receipts.written(places[1] ?? -1, 2);
  receipts.written(places[1] ?? -1, 1);
  assert.deepEqual(receipts.get(9), { matched: 3, written: 3 });
  assert.deepEqual(receipts.get(5), { matched: 0, written: 0 });
  for (const mid of [0, 4, 6, 999, 1001]) assert.equal(receipts.get(mid), undefined, String(mid));
  assert.equal(new Receipts().get(0), undefined);
});

test('who is caught up is counted; as matched only if it was not there in time', () => {
  const receipts = new Receipts();
  receipts.matched(receipts.open(7), 1);
  receipts.caughtUp(7, false);
  assert.deepEqual(receipts.get(7), { matched: 1, written: 1 });
  receipts.caughtUp(7, true);
  assert.deepEqual(receipts.get(7), { matched: 2, written: 2 });
  receipts.caughtUp(8, true);
  assert.equal(receipts.get(8), undefined);
});

test('the newest entries are kept: the oldest makes room, and its counts are not taken over', () => {
  const receipts = new Receipts();
  for (let mid = 1; mid <= kept; mid += 1) receipts.matched(receipts.open(mid * 10), mid);
  assert.deepEqual(receipts.get(10), { matched: 1, written: 0 });
  for (let mid = kept + 1; mid <= kept + 5; mid += 1) receipts.open(mid * 10);
  for (let mid = 1; mid <= 5; mid += 1) assert.equal(receipts.get(mid * 10), undefined);
  assert.deepEqual(receipts.get(60), { matched: 6, written: 0 });
  assert.deepEqual(receipts.get(kept * 10), { matched: kept, written: 0 });
  assert.deepEqual(receipts.get((kept + 1) * 10), { matched: 0, written: 0 });
});
