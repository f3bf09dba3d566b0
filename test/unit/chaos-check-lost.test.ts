import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check } from '../chaos/checker.ts';
import { durable, kindsOf, Scribe, volatile } from './chaos-fixture.ts';

test('a message that arrives at one connection of a uid and not at the other is lost', () => {
  const scribe = new Scribe();
  const [first] = [scribe.client('a'), scribe.client('a')];
  scribe.frame(first, 12, 1, scribe.post(10, ['a']));
  assert.deepEqual(kindsOf(scribe), ['lost']);
});

test('what was sent while a client was away has to be there when it is back; what came before its first welcome need not', () => {
  const scribe = new Scribe();
  const client = scribe.history.addClient('a', ['notice']);
  scribe.post(1, ['a']);
  scribe.connect(client, 5, -1);
  scribe.welcome(client, 10, 7);
  scribe.fault('stay-away', 11, 30, -1);
  scribe.event(client, 'close', 11);
  const post = scribe.post(20, ['a']);
  scribe.connect(client, 30, 7);
  scribe.welcome(client, 31, 8);
  assert.deepEqual(kindsOf(scribe), ['lost']);
  scribe.frame(client, 32, 8, post);
  assert.deepEqual(kindsOf(scribe), []);
});

test('a message that expires has to arrive when its client listened with no fault near, and may be missing otherwise', () => {
  const listening = new Scribe();
  listening.client('a');
  listening.post(10, ['a'], { expiresAtMs: 3_000 });
  assert.deepEqual(kindsOf(listening), ['lost']);
  listening.fault('pause-redis', 500, 600, -1);
  assert.deepEqual(kindsOf(listening), []);
  assert.equal(check(listening.history, durable, listening.settledMs).excused, 1);

  const away = new Scribe();
  const client = away.client('a');
  away.fault('stay-away', 4, 5, -1);
  away.event(client, 'close', 5);
  away.post(10, ['a'], { expiresAtMs: 3_000 });
  away.connect(client, 2_500, 0);
  away.welcome(client, 2_501, 0);
  assert.deepEqual(kindsOf(away), []);
});

test('where nothing outlives the process, a kill excuses what was accepted before it and nothing after it', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  scribe.post(10, ['a']);
  scribe.event(client, 'close', 1_000);
  scribe.fault('kill-instance', 1_000, 2_000);
  scribe.connect(client, 2_010, 0);
  scribe.welcome(client, 2_011, 0, false);
  const verdict = check(scribe.history, volatile, scribe.settledMs);
  assert.deepEqual([verdict.violations, verdict.gaps, verdict.excused], [[], 1, 1]);
  scribe.post(3_000, ['a']);
  assert.deepEqual(kindsOf(scribe, volatile), ['lost']);
});

test('the death of a worker excuses no loss, no repeat and no gap, where nothing outlives the process neither', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  const post = scribe.post(10, ['a']);
  scribe.fault('kill-worker', 1_000, 2_000);
  scribe.fault('kill-workers', 1_000, 2_000);
  assert.deepEqual(kindsOf(scribe, volatile), ['lost']);
  scribe.frame(client, 20, 1, post);
  scribe.frame(client, 2_010, 2, post);
  assert.deepEqual(kindsOf(scribe, volatile), ['two-mids', 'repeat']);
  scribe.gap(client, 2_020, 1, 3);
  assert.deepEqual(kindsOf(scribe, volatile), ['two-mids', 'repeat', 'gap']);
});
