import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds } from './short-run.ts';

test('a pair with two workers each, whose primary dies and comes back: all are handed back, and nothing is lost', async (t) => {
  const { reconnects, listeners, leftOnBackup } = await holds(t, 'primary-back', 2);
  assert.equal(leftOnBackup, 0);
  assert.ok(reconnects >= 2 * listeners, `${reconnects} reconnects`);
});
