import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds } from './short-run.ts';

test('SIGKILL of the primary: nothing accepted is lost, every listener is back', async (t) => {
  const { reconnects, listeners } = await holds(t, 'kill-primary');
  assert.equal(reconnects, listeners);
});

test('a rolling restart of both: nothing is lost, no post is refused', async (t) => {
  const { reconnects, listeners } = await holds(t, 'rolling-restart');
  assert.ok(reconnects >= 2 * listeners, `${reconnects} reconnects`);
});

test('the primary comes back: the backup hands every listener back to it, and nothing is lost', async (t) => {
  const { reconnects, listeners, leftOnBackup } = await holds(t, 'primary-back');
  assert.equal(leftOnBackup, 0);
  assert.ok(reconnects >= 2 * listeners, `${reconnects} reconnects`);
});
