import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check } from '../chaos/checker.ts';
import { durable, kindsOf, Scribe } from './chaos-fixture.ts';

test('a repeat is caught, and one that the cursor rule drops is none', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  const post = scribe.post(10, ['a']);
  scribe.fault('reconnect-storm', 20, 20, -1);
  scribe.frame(client, 15, 5, post);
  scribe.event(client, 'close', 20);
  scribe.connect(client, 21, 5);
  scribe.welcome(client, 22, 5);
  scribe.frame(client, 23, 5, post);
  const verdict = check(scribe.history, durable, scribe.settledMs);
  assert.deepEqual([verdict.violations, verdict.dropped, verdict.reconnects], [[], 1, 1]);
  scribe.frame(client, 24, 6, post);
  assert.deepEqual(kindsOf(scribe), ['two-mids', 'repeat']);
});

test('a swap is caught: the later frame first', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  const [one, two] = [scribe.post(10, ['a']), scribe.post(20, ['a'])];
  scribe.frame(client, 25, 2, two);
  scribe.frame(client, 26, 1, one);
  assert.deepEqual(kindsOf(scribe).sort(), ['lost', 'order']);
});

test('a late delivery is caught, within the tolerance it is none', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  scribe.frame(client, 1_499, 1, scribe.post(10, ['a'], { expiresAtMs: 1_000 }));
  assert.deepEqual(kindsOf(scribe), []);
  scribe.frame(client, 3_502, 2, scribe.post(20, ['a'], { expiresAtMs: 3_000 }));
  assert.deepEqual(kindsOf(scribe), ['late']);
});

test('late is excused by a paused reader, by the driver’s own stall and by a process that stood still, and by nothing else', () => {
  const paused = new Scribe();
  const reader = paused.client('a');
  const post = paused.post(10, ['a'], { expiresAtMs: 1_000 });
  paused.event(reader, 'pause', 11);
  paused.event(reader, 'resume', 4_000);
  paused.frame(reader, 4_010, 1, post);
  assert.deepEqual(kindsOf(paused), []);
  paused.frame(reader, 9_100, 2, paused.post(5_000, ['a'], { expiresAtMs: 6_000 }));
  assert.deepEqual(kindsOf(paused), ['late']);

  const stalled = new Scribe();
  stalled.frame(stalled.client('a'), 2_200, 1, stalled.post(10, ['a'], { expiresAtMs: 1_000 }));
  assert.deepEqual(kindsOf(stalled), ['late']);
  stalled.stall(2_190, 900);
  assert.deepEqual(kindsOf(stalled), []);

  const frozen = new Scribe();
  frozen.frame(frozen.client('a'), 3_100, 1, frozen.post(10, ['a'], { expiresAtMs: 1_000 }));
  frozen.fault('pause-instance', 12, 3_000, 1);
  assert.deepEqual(kindsOf(frozen), ['late'], 'another instance stood still');
  frozen.fault('pause-instance', 12, 3_000, 0);
  assert.deepEqual(kindsOf(frozen), []);
});

test('late is excused by a worker that stood still only once it goes on: what is read meanwhile is of another one', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  scribe.fault('pause-worker', 500, 3_000);
  scribe.frame(client, 2_900, 1, scribe.post(10, ['a'], { expiresAtMs: 1_000 }));
  assert.deepEqual(kindsOf(scribe), ['late']);
  scribe.frame(client, 3_100, 2, scribe.post(20, ['a'], { expiresAtMs: 1_000 }));
  assert.deepEqual(kindsOf(scribe), ['late']);
  scribe.frame(client, 3_200, 3, scribe.post(600, ['a'], { expiresAtMs: 1_000 }));
  assert.deepEqual(kindsOf(scribe), ['late', 'late'], 'it was posted while the worker stood still');
});

test('a frame for another uid, of a type not asked for, or of nobody is caught', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  scribe.frame(client, 20, 1, scribe.post(10, ['b']));
  scribe.frame(client, 40, 2, scribe.post(30, ['a'], { type: 'alert' }));
  scribe.frame(client, 50, 3, undefined);
  assert.deepEqual(kindsOf(scribe), ['wrong-uid', 'wrong-type', 'stranger']);
});

test('a gap is caught where everything is kept, and excuses nothing', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  scribe.post(10, ['a']);
  scribe.gap(client, 20, 0, 5);
  scribe.fault('reconnect-storm', 30, 30, -1);
  scribe.event(client, 'close', 30);
  scribe.connect(client, 40, 0);
  scribe.welcome(client, 41, 9, false);
  assert.deepEqual(kindsOf(scribe).sort(), ['gap', 'gap', 'lost']);
});

/** It is closed at that time, and comes back at once. */
const comesBack =
  (scribe: Scribe, client: ReturnType<Scribe['client']>) =>
  (atMs: number): void => {
    scribe.event(client, 'close', atMs);
    scribe.connect(client, atMs + 20, 0);
    scribe.welcome(client, atMs + 21, 0);
  };

test('a connection that ends though only Redis was disturbed is caught, one of a killed instance is not', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  const back = comesBack(scribe, client);
  scribe.fault('kill-instance', 1_000, 2_000);
  back(1_001);
  assert.deepEqual(kindsOf(scribe), []);
  scribe.fault('kill-redis', 10_000, 20_000, -1);
  back(12_000);
  assert.deepEqual(kindsOf(scribe), ['closed']);
});

test('a worker that stands still closes nobody, and one that is killed those whom it had at once', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  const back = comesBack(scribe, client);
  scribe.fault('kill-worker', 1_000, 30_000);
  back(1_001);
  assert.deepEqual(kindsOf(scribe), []);
  back(10_000);
  assert.deepEqual(kindsOf(scribe), ['closed'], 'though its replacement has not come');
  scribe.fault('pause-worker', 40_000, 43_000);
  back(43_001);
  assert.deepEqual(kindsOf(scribe), ['closed', 'closed']);
});
