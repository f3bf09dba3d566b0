import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEnvelopeCheck, maxDetails, type Envelope } from '../../src/message/envelope.ts';
import type { ErrorDetail } from '../../src/wire/errors.ts';

const check = createEnvelopeCheck({ maxTopicIds: 3, maxUidBytes: 256 }, () => {});

function envelopeOf(json: string): Envelope {
  const result = check(JSON.parse(json));
  assert.ok('envelope' in result, `${json}: ${JSON.stringify(result)}`);
  return result.envelope;
}

function detailsOf(value: unknown): readonly ErrorDetail[] {
  const result = check(value);
  assert.ok('details' in result, `${JSON.stringify(value)} was taken`);
  return result.details;
}

/** Adds members to an envelope that is otherwise right. */
function toAll(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { topic: 'all', msg: 'm', ...members };
}

function toUids(...ids: readonly unknown[]): Record<string, unknown> {
  return { topic: 'uids', topic_ids: ids, msg: 'm' };
}

test('a whole envelope is read as it is', () => {
  const json =
    '{"topic":"uids","topic_ids":["1","2"],"types":"alert","msg":{"a":1},"timeout":5,"time":"2019-12-12","id":"a-1","deliver_at":7,"delay":0.5}';
  assert.deepEqual(envelopeOf(json), JSON.parse(json));
});

test('types is notice and timeout is never when they are absent', () => {
  const envelope = envelopeOf('{"topic":"all","msg":null}');
  assert.equal(envelope.types, 'notice');
  assert.equal(envelope.timeout, 0);
  assert.equal(envelope.time, undefined);
  assert.equal(envelope.id, undefined);
});

test('numbers among the uids are read as strings', () => {
  const envelope = envelopeOf('{"topic":"uids","topic_ids":[7,"7",9007199254740991],"msg":1}');
  assert.deepEqual(envelope.topic === 'uids' && envelope.topic_ids, ['7', '7', '9007199254740991']);
  assert.deepEqual(detailsOf(toUids(0, JSON.parse('9007199254740993'))), [
    { path: 'topic_ids[1]', message: 'is too large for a number; write it as a string' },
  ]);
  assert.equal(detailsOf(toUids(JSON.parse('12345678901234567890')))[0]?.path, 'topic_ids[0]');
  assert.equal(detailsOf(toUids(JSON.parse('1e400')))[0]?.path, 'topic_ids[0]');
});

test('an envelope to all may have topic_ids, of whatever kind, as the predecessor had', () => {
  for (const topic_ids of [['1'], [], 'x', null, [{}]]) assert.ok('envelope' in check(toAll({ topic_ids })));
});

const right: readonly [string, unknown][] = [
  ['the longest uid', toUids('é'.repeat(128))],
  ['as many uids as are allowed', toUids('1', '2', '3')],
  ['a uid of spaces, a comma, a star', toUids(' ', ',', '*')],
  ['the longest type', toAll({ types: 't'.repeat(64) })],
  ['a type in any writing', toAll({ types: '通知 "x"' })],
  ['the longest time', toAll({ time: 't'.repeat(64) })],
  ['an empty time', toAll({ time: '' })],
  ['the longest id', toAll({ id: '~'.repeat(128) })],
  ['timeout 0', toAll({ timeout: 0 })],
  ['timeout in the past', toAll({ timeout: 1 })],
  ['timeout with a fraction', toAll({ timeout: 1.5 })],
  ['timeout at the end of time', toAll({ timeout: 8_640_000_000_000_000 })],
  ['msg false', toAll({ msg: false })],
  ['msg empty', toAll({ msg: '' })],
  ['msg with a lone surrogate', toAll({ msg: '\ud800' })],
];

for (const [name, value] of right) {
  test(`right: ${name}`, () => assert.ok('envelope' in check(value), JSON.stringify(check(value))));
}

const wrong: readonly [string, unknown, string, RegExp][] = [
  ['null', null, '', /JSON object/],
  ['an array', [], '', /JSON object/],
  ['text', 'all', '', /JSON object/],
  ['no topic', { msg: 1 }, 'topic', /"uids" or "all"/],
  ['another topic', { topic: 'none', msg: 1 }, 'topic', /"uids" or "all"/],
  ['a topic in capitals', { topic: 'ALL', msg: 1 }, 'topic', /"uids" or "all"/],
  ['a topic that is a list', { topic: ['all'], msg: 1 }, 'topic', /"uids" or "all"/],
  ['no topic_ids', { topic: 'uids', msg: 1 }, 'topic_ids', /list of uids/],
  ['topic_ids that are text', { topic: 'uids', topic_ids: '1', msg: 1 }, 'topic_ids', /list of uids/],
  ['no uid', toUids(), 'topic_ids', /at least one/],
  ['too many uids', toUids('1', '2', '3', '4'), 'topic_ids', /at most 3 uids/],
  ['an empty uid', toUids('1', ''), 'topic_ids[1]', /must not be empty/],
  ['a uid that is too long', toUids(`${'é'.repeat(128)}a`), 'topic_ids[0]', /at most 256 bytes/],
  ['a uid with a lone surrogate', toUids('1', '2', 'a\ud800'), 'topic_ids[2]', /lone surrogate/],
  ['a uid that is null', toUids(null), 'topic_ids[0]', /a string or a number/],
  ['a uid that is an object', toUids({ uid: '1' }), 'topic_ids[0]', /a string or a number/],
  ['an empty type', toAll({ types: '' }), 'types', /must not be empty/],
  ['a type that is too long', toAll({ types: 't'.repeat(65) }), 'types', /at most 64/],
  ['several types', toAll({ types: 'a,b' }), 'types', /one type name/],
  ['every type', toAll({ types: '*' }), 'types', /one type name/],
  ['a list of types', toAll({ types: ['notice'] }), 'types', /expected string, received array/],
  ['a type with a lone surrogate', toAll({ types: '\udfff' }), 'types', /lone surrogate/],
  ['types null', toAll({ types: null }), 'types', /expected string/],
  ['a negative timeout', toAll({ timeout: -1 }), 'timeout', /negative/],
  ['a timeout that is text', toAll({ timeout: '2121325421' }), 'timeout', /must be a number/],
  ['a timeout that is null', toAll({ timeout: null }), 'timeout', /must be a number/],
  ['a timeout without end', toAll({ timeout: Infinity }), 'timeout', /must be a number/],
  ['a timeout that is no number', toAll({ timeout: Number.NaN }), 'timeout', /must be a number/],
  ['a timeout past the end of time', toAll({ timeout: 8_640_000_000_000_001 }), 'timeout', /end of time/],
  ['a time that is a number', toAll({ time: 5 }), 'time', /expected string/],
  ['a time that is too long', toAll({ time: 't'.repeat(65) }), 'time', /at most 64/],
  ['a time with a lone surrogate', toAll({ time: '\ud800' }), 'time', /lone surrogate/],
  ['an empty id', toAll({ id: '' }), 'id', /printable ASCII/],
  ['an id with a space', toAll({ id: 'a b' }), 'id', /printable ASCII/],
  ['an id beyond ASCII', toAll({ id: 'é' }), 'id', /printable ASCII/],
  ['an id with a line end', toAll({ id: 'a\n' }), 'id', /printable ASCII/],
  ['an id that is too long', toAll({ id: 'a'.repeat(129) }), 'id', /at most 128/],
  ['an id that is a number', toAll({ id: 7 }), 'id', /expected string/],
  ['an unknown member', toAll({ tiemout: 5 }), 'tiemout', /not a member/],
  ['__proto__', JSON.parse('{"topic":"all","msg":1,"__proto__":{"types":"x"}}'), '__proto__', /not a member/],
  ['constructor', toAll({ constructor: 1 }), 'constructor', /not a member/],
];

for (const [name, value, path, message] of wrong) {
  test(`wrong: ${name}`, () => {
    const [detail, ...more] = detailsOf(value);
    assert.equal(detail?.path, path);
    assert.match(detail.message, message);
    assert.deepEqual(more, []);
  });
}

test('what is inherited is not a member, and nothing is inherited from __proto__', () => {
  assert.deepEqual(detailsOf(JSON.parse('{"__proto__":{"topic":"all","msg":1}}'))[0]?.path, 'topic');
  assert.equal(envelopeOf('{"topic":"all","msg":{"__proto__":{"polluted":true}}}').types, 'notice');
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test('everything that is wrong is named, up to a bound', () => {
  const paths = detailsOf({ topic: 'uids', topic_ids: ['', {}], types: '', timeout: -1, x: 1, y: 2 }).map(
    ({ path }) => path,
  );
  assert.deepEqual(paths.sort(), ['msg', 'timeout', 'topic_ids[0]', 'topic_ids[1]', 'types', 'x', 'y']);

  const wide = createEnvelopeCheck({ maxTopicIds: 10_000, maxUidBytes: 256 }, () => {});
  const ids = wide({ topic: 'uids', topic_ids: Array.from({ length: 10_000 }, () => ''), msg: 1 });
  assert.equal('details' in ids && ids.details.length, maxDetails);
  const members = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`member${index}`, 1]));
  assert.equal(detailsOf(toAll(members)).length, maxDetails);
  assert.equal(detailsOf(toAll({ ['x'.repeat(1_000_000)]: 1 }))[0]?.path.length, 200);
});
