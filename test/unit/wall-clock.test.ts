import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWallClock } from '../../src/message/wall-clock.ts';

test('the clock is written as envelopes write it, in local time', () => {
  const clock = createWallClock(() => new Date(2026, 0, 2, 3, 4, 5, 678).getTime());
  assert.equal(clock(), '2026-01-02 03:04:05');
  assert.equal(createWallClock(() => new Date(2026, 11, 31, 23, 59, 59).getTime())(), '2026-12-31 23:59:59');
});

test('the text is made again when the second has changed, forwards or back', () => {
  let nowMs = new Date(2026, 10, 21, 12, 0, 0).getTime();
  const clock = createWallClock(() => nowMs);
  assert.equal(clock(), '2026-11-21 12:00:00');
  nowMs += 999;
  assert.equal(clock(), '2026-11-21 12:00:00');
  nowMs += 1;
  assert.equal(clock(), '2026-11-21 12:00:01');
  nowMs -= 3_600_000;
  assert.equal(clock(), '2026-11-21 11:00:01');
});
