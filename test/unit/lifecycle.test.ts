import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lifecycle } from '../../src/cluster/lifecycle.ts';

test('an instance goes on from state to state, never back, and leaves from the moment on at which it drains', () => {
  const lifecycle = new Lifecycle();
  assert.equal(lifecycle.state, 'starting');
  assert.ok(lifecycle.goOn('ready'));
  assert.ok(!lifecycle.goOn('ready'), 'it is there already');
  assert.ok(!lifecycle.isLeaving);
  assert.ok(lifecycle.goOn('draining'));
  assert.ok(lifecycle.isLeaving);
  assert.ok(!lifecycle.goOn('ready'), 'a start that ends late does not make it ready again');
  assert.equal(lifecycle.state, 'draining');
  assert.ok(lifecycle.goOn('stopped'));
  assert.ok(lifecycle.isLeaving);
});

test('one that is stopped while it starts was never ready', () => {
  const lifecycle = new Lifecycle();
  assert.ok(lifecycle.goOn('draining'));
  assert.ok(!lifecycle.goOn('starting'));
  assert.ok(lifecycle.isLeaving);
});
