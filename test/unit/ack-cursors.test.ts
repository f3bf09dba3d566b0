import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AckCursors, leastCursors } from '../../src/journal/ack-cursors.ts';

const nameOf = (index: number): string => `u${index}`;

test('a cursor only rises, and is 0 where none is known', () => {
  const cursors = new AckCursors();
  assert.equal(cursors.get('u'), 0);
  assert.equal(cursors.raise('u', 5), true);
  assert.equal(cursors.raise('u', 5), false);
  assert.equal(cursors.raise('u', 4), false);
  assert.equal(cursors.get('u'), 5);
  assert.equal(cursors.raise('u', 6), true);
  assert.equal(cursors.get('u'), 6);
});

test('the promised number of those who acknowledged last is kept, and never twice as many', () => {
  const cursors = new AckCursors();
  const uids = 5 * leastCursors + 7;
  let most = 0;
  for (let index = 0; index < uids; index += 1) {
    cursors.raise(nameOf(index), index + 1);
    most = Math.max(most, cursors.size);
  }
  for (let index = uids - leastCursors; index < uids; index += 1) assert.equal(cursors.get(nameOf(index)), index + 1);
  assert.equal(most, 2 * leastCursors);
  assert.equal(cursors.get(nameOf(0)), 0);
});

test('who acknowledges again is not forgotten, and keeps what it had', () => {
  const cursors = new AckCursors();
  for (let index = 0; index < 4 * leastCursors; index += 1) {
    cursors.raise(nameOf(index), 1);
    if (index % (leastCursors / 2) === 0) cursors.raise('faithful', 1000 + index);
  }
  assert.equal(cursors.get('faithful'), 1000 + 3.5 * leastCursors);
  assert.equal(cursors.raise('faithful', 3), false);
});

test('size and units are those of what is kept, each uid once', () => {
  const cursors = new AckCursors();
  const filler = (index: number): string => String(1_000_000 + index);
  cursors.raise('twelve chars', 1);
  for (let index = 1; index < leastCursors; index += 1) cursors.raise(filler(index), 1);
  assert.deepEqual([cursors.size, cursors.units], [leastCursors, 12 + 7 * (leastCursors - 1)]);
  // The next one makes all of them old, and one of the old comes back.
  cursors.raise(filler(0), 1);
  cursors.raise('twelve chars', 2);
  assert.deepEqual([cursors.size, cursors.units], [leastCursors + 1, 12 + 7 * leastCursors]);
  for (let index = 1; index < leastCursors - 1; index += 1) cursors.raise(`x${filler(index)}`, 1);
  assert.deepEqual(
    [cursors.size, cursors.units],
    [2 * leastCursors - 1, 12 + 7 + 7 * (leastCursors - 1) + 8 * (leastCursors - 2)],
  );
  cursors.raise('z', 1);
  assert.deepEqual([cursors.size, cursors.units], [leastCursors + 1, 12 + 7 + 8 * (leastCursors - 2) + 1]);
});
