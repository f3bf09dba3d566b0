import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Envelope } from '../../src/message/envelope.ts';
import { createMessage, expiryOf, isExpired, type Message } from '../../src/message/message.ts';

function messageOf(envelope: Partial<Envelope>, rawMsg = '"m"'): Message {
  const whole = { topic: 'all', types: 'notice', msg: undefined, timeout: 0, ...envelope } as Envelope;
  return createMessage({ envelope: whole, id: 'i', hasCallersId: false, rawMsg, time: '2026-11-21 12:00:00' });
}

test('a timeout below 1e11 counts seconds, from there on milliseconds', () => {
  assert.equal(expiryOf(0), 0);
  assert.equal(expiryOf(1), 1000);
  assert.equal(expiryOf(1.5), 1500);
  assert.equal(expiryOf(2_121_325_421), 2_121_325_421_000);
  assert.equal(expiryOf(99_999_999_999), 99_999_999_999_000);
  assert.equal(expiryOf(1e11), 1e11);
  assert.equal(expiryOf(1_795_224_506_091), 1_795_224_506_091);
});

test('a message expires at its instant, not before; one without an instant never', () => {
  const message = messageOf({ timeout: 100 });
  assert.equal(isExpired(message, 99_999), false);
  assert.equal(isExpired(message, 100_000), true);
  assert.equal(isExpired(message, 100_001), true);
  assert.equal(isExpired(messageOf({}), Number.MAX_SAFE_INTEGER), false);
  assert.equal(isExpired(messageOf({ timeout: 1 }), Date.now()), true);
});

test('the push has three members in this order, and msg as it was written', () => {
  assert.equal(messageOf({}).push, '{"types":"notice","msg":"m","time":"2026-11-21 12:00:00"}');
  assert.equal(
    messageOf({ types: 'a"b', time: '1\\2\n' }, '12345678901234567890').push,
    '{"types":"a\\"b","msg":12345678901234567890,"time":"1\\\\2\\n"}',
  );
  assert.equal(messageOf({ time: '' }, '1.0').push, '{"types":"notice","msg":1.0,"time":""}');
});

test('a type or time that ends in a line end does not pass for plain text', () => {
  const { push } = messageOf({ types: 'a\n', time: 'b\r' });
  assert.deepEqual(JSON.parse(push), { types: 'a\n', msg: 'm', time: 'b\r' });
  assert.doesNotMatch(push, /[\r\n]/);
});

test('a msg of many lines becomes one line with the same value', () => {
  const written = '{\r\n  "a" : [\n 1,\r 2\n],\n"b":"x\\n\\r\\u2028"}';
  const { push } = messageOf({}, written);
  assert.doesNotMatch(push, /[\r\n]/);
  assert.deepEqual((JSON.parse(push) as { msg: unknown }).msg, JSON.parse(written));
  assert.match(messageOf({}, '[1,\r2]').push, /"msg":\[1, 2\]/);
  assert.equal(push.length, messageOf({}, written.replaceAll(/[\r\n]/g, '.')).push.length);
});

test('a uid that is named twice is one', () => {
  assert.deepEqual(messageOf({ topic: 'uids', topic_ids: ['2', '1', '2', '2'] }).uids, ['2', '1']);
  assert.deepEqual(messageOf({ topic: 'uids', topic_ids: ['1'] }).uids, ['1']);
  assert.equal(messageOf({}).uids, null);
});
