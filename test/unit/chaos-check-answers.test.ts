import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindsOf, Scribe } from './chaos-fixture.ts';

test('a frame under another id than the 202 said, and a repeat that is answered with another id, are caught', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  const post = scribe.post(10, ['a']);
  scribe.frame(client, 15, 1, post, 'another');
  assert.deepEqual(kindsOf(scribe), ['wrong-id']);
  scribe.attempt(post, 20, 202, 'a third');
  assert.deepEqual(kindsOf(scribe), ['wrong-id', 'wrong-id']);
});

test('another body under an accepted id has to be refused and must not arrive', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  const post = scribe.post(10, ['a']);
  scribe.frame(client, 12, 1, post);
  scribe.post(20, ['a'], { id: post.id, isImpostor: true, status: 422 });
  assert.deepEqual(kindsOf(scribe), []);
  const accepted = scribe.post(30, ['a'], { id: post.id, isImpostor: true, status: 202 });
  scribe.frame(client, 40, 2, accepted);
  assert.deepEqual(kindsOf(scribe), ['impostor', 'impostor']);
});

test('an answer that is neither 202 nor 503, and one that does not come, are caught', () => {
  const scribe = new Scribe();
  scribe.client('a');
  const post = scribe.post(10, ['b'], { status: 500 });
  assert.deepEqual(kindsOf(scribe), ['answer']);
  scribe.attempt(post, 20, 0, post.id, 5_000);
  assert.deepEqual(kindsOf(scribe), ['answer', 'hang']);
  scribe.fault('pause-instance', 100, 3_000, 0);
  assert.deepEqual(kindsOf(scribe), ['answer']);
});

test('an answer may take longer by what its worker stood still or was missing, and by nothing when one of several was killed', () => {
  const scribe = new Scribe();
  scribe.client('a');
  const post = scribe.post(10, ['b']);
  scribe.attempt(post, 100, 503, post.id, 6_000);
  scribe.fault('kill-worker', 100, 5_000);
  assert.deepEqual(kindsOf(scribe), ['hang']);
  scribe.fault('pause-worker', 200, 2_100);
  assert.deepEqual(kindsOf(scribe), ['hang'], '1.9 s are too little');
  scribe.fault('kill-workers', 3_000, 3_200);
  assert.deepEqual(kindsOf(scribe), []);
});
