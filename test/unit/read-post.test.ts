import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPostReader, type PostLimit, type ReadPost } from '../../src/message/read-post.ts';
import { randomJson } from './random-json.ts';
import { seeded } from './seeded.ts';

const options = { maxTopicIds: 3, maxBatch: 5, maxUidBytes: 8, maxMessageBytes: 1_000_000 };
let made = 0;
const over: PostLimit[] = [];
const deps = {
  newId: () => `made-${(made += 1)}`,
  wallClock: () => 'now',
  now: () => 1_000_000,
  onOver: (limit: PostLimit) => void over.push(limit),
};
const readPost = createPostReader(deps, options);

type Taken = Extract<ReadPost, { ok: true }>;
type Refused = Extract<ReadPost, { ok: false }>;

function taken(body: string, key?: string, format: 'json' | 'ndjson' = 'json'): Taken {
  const result = readPost(Buffer.from(body), format, { key });
  assert.ok(result.ok, `${body}: ${JSON.stringify(result)}`);
  return result;
}

function refused(body: string | Buffer, key?: string, format: 'json' | 'ndjson' = 'json'): Refused {
  const result = readPost(Buffer.from(body), format, { key });
  assert.ok(!result.ok, `${String(body)} was taken`);
  return result;
}

const toAll = (msg: unknown, more: object = {}): string => JSON.stringify({ topic: 'all', msg, ...more });

test('one envelope becomes one message', () => {
  const { messages, isBatch } = taken('{"topic":"uids","topic_ids":["1",2],"msg":"hi","timeout":5,"types":"alert"}');
  assert.equal(isBatch, false);
  assert.equal(messages.length, 1);
  const [message] = messages;
  assert.deepEqual(message, {
    id: message?.id,
    fingerprint: '',
    uids: ['1', '2'],
    type: 'alert',
    expiresAtMs: 5000,
    push: '{"types":"alert","msg":"hi","time":"now"}',
    retracts: 0,
    deliverAtMs: 0,
  });
  assert.match(message?.id ?? '', /^made-/);
});

test('the value of msg arrives unchanged, whatever it is', () => {
  const chance = seeded(99);
  for (let round = 0; round < 2000; round += 1) {
    const msg = randomJson(chance);
    const [message] = taken(`{"topic":"all",\n"msg": ${msg} ,"time":"t"}`).messages;
    const push = message?.push ?? '';
    assert.doesNotMatch(push, /[\r\n]/);
    assert.equal(push, `{"types":"notice","msg":${msg.replaceAll(/[\r\n]/g, ' ')},"time":"t"}`);
    assert.deepEqual((JSON.parse(push) as { msg: unknown }).msg, JSON.parse(msg));
  }
});

test('msg: the last of a repeated one counts, also when it is written with an escape', () => {
  assert.match(taken('{"topic":"all","msg":1,"msg":2}').messages[0]?.push ?? '', /"msg":2,/);
  assert.match(taken('{"topic":"all","msg":1,"\\u006dsg":[3]}').messages[0]?.push ?? '', /"msg":\[3\],/);
  assert.deepEqual(refused('{"topic":"all"}').details, [{ path: 'msg', message: 'is required' }]);
});

test('what is no JSON is said so', () => {
  for (const body of [
    '',
    '{',
    '{"topic":"all","msg":',
    "{'topic':'all'}",
    'topic=all',
    '{"timeout":NaN}',
    '\ufeff{}',
  ]) {
    const { code, message } = refused(body);
    assert.equal(code, 'invalid_json', body);
    assert.match(message, /^The body is not JSON: .+\.$/);
  }
});

test('a body that is not UTF-8 is refused', () => {
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
    const body = Buffer.concat([Buffer.from('{"topic":"all","msg":"'), Buffer.from(bytes), Buffer.from('"}')]);
    assert.deepEqual(refused(body), { ok: false, code: 'invalid_json', message: 'The body is not valid UTF-8.' });
  }
});

test('depth is no danger', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  assert.equal(taken(`{"topic":"all","msg":${deep}}`).messages.length, 1);
  assert.equal(refused(deep).code, 'invalid_envelope');
  assert.equal(refused(`{"topic":"uids","topic_ids":[${deep}],"msg":1}`).details?.[0]?.path, 'topic_ids[0]');
});

for (const format of ['json', 'ndjson'] as const) {
  const write = (texts: readonly string[]): string => (format === 'json' ? `[${texts.join(',')}]` : texts.join('\n'));

  test(`batch, ${format}: taken whole, in order`, () => {
    const { messages, isBatch } = taken(write([toAll(1), toAll(2, { id: 'mine' }), toAll(3)]), undefined, format);
    assert.equal(isBatch, true);
    assert.deepEqual(
      messages.map(({ push }) => (JSON.parse(push) as { msg: number }).msg),
      [1, 2, 3],
    );
    assert.deepEqual(
      messages.map(({ fingerprint }) => fingerprint !== ''),
      [false, true, false],
    );
    assert.equal(messages[1]?.id, 'mine');
    assert.equal(taken(write([toAll(1)]), undefined, format).isBatch, true);
  });

  test(`batch, ${format}: refused whole, with the errors of each item`, () => {
    const body = write([toAll(1), toAll(2, { timeout: -1, types: '' }), toAll(3), '7', '{"topic":"all"}']);
    const { code, details, message } = refused(body, undefined, format);
    assert.equal(code, 'invalid_envelope');
    assert.deepEqual(
      details?.map(({ index, path }) => `${index} ${path}`),
      ['1 types', '1 timeout', '3 ', '4 msg'],
    );
    assert.match(message, /^This is not an envelope: item 1: types must not be empty\.$/);
  });

  test(`batch, ${format}: empty, too many, the same id twice`, () => {
    assert.match(refused(write([]), undefined, format).message, /an empty batch has nothing to send/);
    assert.equal(taken(write(Array.from({ length: 5 }, () => toAll(1))), undefined, format).messages.length, 5);
    assert.match(
      refused(write(Array.from({ length: 6 }, () => toAll(1))), undefined, format).message,
      /at most 5 envelopes/,
    );
    assert.deepEqual(refused(write([toAll(1, { id: 'a' }), toAll(2, { id: 'a' })]), undefined, format).details, [
      { index: 1, path: 'id', message: 'stands twice in this batch' },
    ]);
  });

  test(`batch, ${format}: the key is the stem of the ids`, () => {
    const { messages } = taken(write([toAll(1), toAll(2)]), 'key', format);
    assert.deepEqual(
      messages.map(({ id, fingerprint }) => [id, fingerprint !== '']),
      [
        ['key/0', true],
        ['key/1', true],
      ],
    );
    assert.deepEqual(refused(write([toAll(1), toAll(2, { id: 'own' })]), 'key', format).details, [
      { index: 1, path: 'id', message: 'differs from the header Idempotency-Key' },
    ]);
  });
}

test('a batch names no more wrong things than an envelope', () => {
  const reader = createPostReader(deps, { ...options, maxTopicIds: 10_000, maxBatch: 10_000 });
  const body = JSON.stringify(Array.from({ length: 1000 }, () => ({ topic: 'uids', topic_ids: ['', '', ''], msg: 1 })));
  const result = reader(Buffer.from(body), 'json', undefined);
  assert.equal(!result.ok && result.details?.length, 100);
});

test('NDJSON: blank lines and CRLF are passed over, and an error names the line of the file', () => {
  const body = `\r\n${toAll(1)}\r\n \t\r\n\n${toAll(2)}\r\n`;
  const { messages } = taken(body, undefined, 'ndjson');
  assert.deepEqual(
    messages.map(({ push }) => push),
    ['{"types":"notice","msg":1,"time":"now"}', '{"types":"notice","msg":2,"time":"now"}'],
  );
  assert.match(refused(`${body}{"topic"`, undefined, 'ndjson').message, /^The body is not JSON: line 6: /);
  assert.match(refused(`${toAll(1)}\n\u00a0`, undefined, 'ndjson').message, /line 2/);
  assert.match(refused(' \n\r\n', undefined, 'ndjson').message, /empty batch/);
  assert.equal(refused('[]', undefined, 'ndjson').code, 'invalid_envelope');
});

test('an array in an array is no batch', () => {
  assert.deepEqual(refused(`[[${toAll(1)}]]`).details, [{ index: 0, path: '', message: 'must be a JSON object' }]);
});

test('the Idempotency-Key is the id of a single envelope', () => {
  const [message] = taken(toAll(1), 'key').messages;
  assert.equal(message?.id, 'key');
  assert.notEqual(message.fingerprint, '');
  assert.equal(taken(toAll(1, { id: 'key' }), 'key').messages[0]?.id, 'key');
  assert.notEqual(taken(toAll(1, { id: 'own' })).messages[0]?.fingerprint, '');
  assert.deepEqual(refused(toAll(1, { id: 'own' }), 'key').details, [
    { path: 'id', message: 'differs from the header Idempotency-Key' },
  ]);
});

test('the same clock stands in every envelope of a batch', () => {
  let asked = 0;
  const reader = createPostReader({ ...deps, wallClock: () => `${(asked += 1)}` }, options);
  reader(Buffer.from(`[${toAll(1)},${toAll(2)},${toAll(3)}]`), 'json', undefined);
  assert.equal(asked, 1);
});

const fingerprintOf = (parts: object, raw = ''): string =>
  taken(JSON.stringify({ topic: 'all', msg: 1, id: 'own', ...parts }).replace('"raw"', raw)).messages[0]?.fingerprint ??
  '';

test('a fingerprint is of what the caller posted: each member counts, and the clock of the instance does not', () => {
  const plain = fingerprintOf({});
  assert.match(plain, /^[\w-]{22}$/);
  const later = createPostReader({ ...deps, wallClock: () => 'later', now: () => 2_000_000 }, options);
  const again = later(Buffer.from('{"topic":"all","msg":1,"id":"own"}'), 'json', undefined);
  assert.equal(again.ok && again.messages[0]?.fingerprint, plain);
  assert.equal(fingerprintOf({ id: 'other' }), plain, 'the id itself is not part of it');
  const others = [
    { topic: 'uids', topic_ids: ['1'] },
    { topic: 'uids', topic_ids: ['2'] },
    { types: 'alert' },
    { timeout: 5 },
    { time: 'now' },
    { deliver_at: 7 },
    { delay: 7 },
    { msg: '1' },
  ].map((parts) => fingerprintOf(parts));
  const rounded = [
    fingerprintOf({ msg: 'raw' }, '12345678901234567890'),
    fingerprintOf({ msg: 'raw' }, '12345678901234567891'),
  ];
  assert.equal(new Set([plain, ...others, ...rounded]).size, 1 + others.length + rounded.length);
});

test('a delay counts from now, and is not for a message that is dead by then', () => {
  const at = (parts: object): number | undefined => taken(toAll(1, parts)).messages[0]?.deliverAtMs;
  assert.equal(at({}), 0);
  assert.equal(at({ deliver_at: 0 }), 0);
  assert.equal(at({ deliver_at: 2000 }), 2_000_000);
  assert.equal(at({ deliver_at: 1e11 + 5 }), 1e11 + 5);
  assert.equal(at({ delay: 1.5 }), 1_001_500);
  assert.equal(at({ delay: 5, timeout: 1006 }), 1_005_000);
  const wrong = (parts: object): unknown => refused(toAll(1, parts)).details;
  assert.deepEqual(wrong({ delay: 5, timeout: 1005 }), [
    { path: 'timeout', message: 'is not after the time of delivery' },
  ]);
  assert.deepEqual(wrong({ delay: 5, deliver_at: 7 }), [
    { path: 'delay', message: 'and deliver_at exclude each other' },
  ]);
  assert.deepEqual(wrong({ delay: -1 }), [{ path: 'delay', message: 'must not be negative' }]);
  assert.deepEqual(wrong({ delay: '5m' }), [{ path: 'delay', message: 'must be a number of seconds' }]);
});

test('each limit is met at its edge: what is at it is taken, what is one more is refused by index and counted', () => {
  const limits = { maxTopicIds: 2, maxBatch: 2, maxUidBytes: 4, maxMessageBytes: 8 };
  const reader = createPostReader(deps, limits);
  const read = (value: unknown): ReadPost => reader(Buffer.from(JSON.stringify(value)), 'json', {});
  const toUids = (...uids: unknown[]) => ({ topic: 'uids', topic_ids: uids, msg: 1 });
  const withMsg = (msg: unknown) => ({ topic: 'all', msg });
  for (const [most, more, limit, detail] of [
    [
      toUids('1', '2'),
      toUids('1', '2', '3'),
      'overTopicIds',
      { path: 'topic_ids', message: 'must name at most 2 uids' },
    ],
    [toUids('abcd'), toUids('a', 'abcde'), 'overUid', { path: 'topic_ids[1]', message: 'must be at most 4 bytes' }],
    [toUids('éé'), toUids('ééa'), 'overUid', { path: 'topic_ids[0]', message: 'must be at most 4 bytes' }],
    [toUids(1234), toUids(12_345), 'overUid', { path: 'topic_ids[0]', message: 'must be at most 4 bytes' }],
    [
      withMsg('abcdef'),
      withMsg('abcdefg'),
      'overMessage',
      { path: 'msg', message: 'must be at most 8 bytes (--max-message)' },
    ],
    [
      withMsg('ééé'),
      withMsg('éééa'),
      'overMessage',
      { path: 'msg', message: 'must be at most 8 bytes (--max-message)' },
    ],
    [
      withMsg([1, 2]),
      withMsg({ abc: 12 }),
      'overMessage',
      { path: 'msg', message: 'must be at most 8 bytes (--max-message)' },
    ],
  ] as const) {
    over.length = 0;
    assert.ok(read(most).ok, JSON.stringify(most));
    assert.ok(read([most, most]).ok);
    assert.deepEqual(over, []);
    const alone = read(more);
    assert.deepEqual(!alone.ok && [alone.code, alone.details], ['invalid_envelope', [detail]]);
    const second = read([most, more]);
    assert.deepEqual(!second.ok && second.details, [{ index: 1, ...detail }]);
    assert.deepEqual(over, [limit, limit]);
  }
  over.length = 0;
  assert.ok(!read([withMsg(1), withMsg(1), withMsg(1)]).ok);
  assert.deepEqual(over, ['overBatch']);
});
