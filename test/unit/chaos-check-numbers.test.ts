import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durable, kindsOf, Scribe } from './chaos-fixture.ts';

test('numbers against the order of posts are caught where 202 comes after the number', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  const [one, two] = [scribe.post(10, ['a']), scribe.post(20, ['a'])];
  scribe.frame(client, 25, 1, two);
  scribe.frame(client, 26, 2, one);
  assert.deepEqual(kindsOf(scribe), ['post-order']);
  assert.deepEqual(kindsOf(scribe, { ...durable, isOrdered: false }), []);
});

test('posts that overlap in time may be numbered either way', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  const [one, two] = [scribe.post(10, ['a']), scribe.post(11, ['a'])];
  scribe.frame(client, 25, 1, two);
  scribe.frame(client, 26, 2, one);
  assert.deepEqual(kindsOf(scribe), []);
});

test('a message that was appended twice is caught although each client took one of the two', () => {
  const scribe = new Scribe();
  const [a, b] = [scribe.client('a'), scribe.client('b')];
  const post = scribe.post(10, null);
  scribe.frame(a, 15, 1, post);
  scribe.frame(b, 15, 2, post);
  assert.deepEqual(kindsOf(scribe), ['two-mids']);
});

test('one mid for two messages is caught', () => {
  const scribe = new Scribe();
  const [a, b] = [scribe.client('a'), scribe.client('b')];
  scribe.frame(a, 15, 1, scribe.post(10, ['a']));
  scribe.frame(b, 15, 1, scribe.post(10, ['b']));
  assert.ok(kindsOf(scribe).includes('one-mid-two-messages'));
});

test('a post that was answered 503 or not at all may arrive or not, at most once', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  const [refused, cut] = [scribe.post(10, ['a'], { status: 503 }), scribe.post(20, ['a'], { status: 0 })];
  assert.deepEqual(kindsOf(scribe), []);
  scribe.frame(client, 30, 1, refused);
  scribe.frame(client, 31, 2, cut);
  assert.deepEqual(kindsOf(scribe), []);
  scribe.frame(client, 32, 3, cut);
  assert.deepEqual(kindsOf(scribe), ['two-mids', 'repeat']);
});
