import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Envelope } from '../../src/message/envelope.ts';
import { createMessage, createRetraction, instantOf, type Message } from '../../src/message/message.ts';

function messageOf(envelope: Partial<Envelope>, rawMsg = '"m"'): Message {
  const whole = { topic: 'all', types: 'notice', msg: undefined, timeout: 0, deliver_at: 0, ...envelope } as Envelope;
  return createMessage({ envelope: whole, id: 'i', isCallersId: false, rawMsg, time: '2026-11-21 12:00:00', nowMs: 0 });
}

test('an instant below 1e11 counts seconds, from there on milliseconds', () => {
  assert.equal(instantOf(0), 0);
  assert.equal(instantOf(1), 1000);
  assert.equal(instantOf(1.5), 1500);
  assert.equal(instantOf(2_121_325_421), 2_121_325_421_000);
  assert.equal(instantOf(99_999_999_999), 99_999_999_999_000);
  assert.equal(instantOf(1e11), 1e11);
  assert.equal(instantOf(1_795_224_506_091), 1_795_224_506_091);
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

test('a retraction is for those who had the message, and lives as long', () => {
  const message = messageOf({ topic: 'uids', topic_ids: ['1', '2'], types: 'alert', timeout: 9 });
  const retraction = createRetraction({ mid: 7, message: { ...message, id: 'a"b', fingerprint: 'f' } }, 'new');
  assert.deepEqual(retraction, {
    ...message,
    id: 'new',
    fingerprint: '',
    push: '{"event":"retract","id":"a\\"b"}',
    retracts: 7,
    deliverAtMs: 0,
  });
});
