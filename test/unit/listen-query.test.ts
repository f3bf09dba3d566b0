import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grantByWord } from '../../src/auth/listener-auth.ts';
import { readListenQuery, readTypes, type ListenRequest } from '../../src/gateway/listen-query.ts';
import { seeded } from './seeded.ts';

const accepted: readonly [string, ListenRequest][] = [
  ['uid=1', { uid: '1', types: ['notice'], cursor: undefined }],
  ['uid=1&types=', { uid: '1', types: ['notice'], cursor: undefined }],
  ['uid=1&types=a,b', { uid: '1', types: ['a', 'b'], cursor: undefined }],
  ['uid=1&types=,a,,b,', { uid: '1', types: ['a', 'b'], cursor: undefined }],
  ['uid=1&types=*', { uid: '1', types: ['*'], cursor: undefined }],
  ['uid=%E6%BC%A2+1&types=%E9%80%9A', { uid: '漢 1', types: ['通'], cursor: undefined }],
  ['uid=1&mid=', { uid: '1', types: ['notice'], cursor: null }],
  ['uid=1&mid=0', { uid: '1', types: ['notice'], cursor: 0 }],
  ['mid=9007199254740991&uid=1', { uid: '1', types: ['notice'], cursor: 9_007_199_254_740_991 }],
  ['d={"uid":"1","types":["notice"]}', { uid: '1', types: ['notice'], cursor: undefined }],
  ['d={%22uid%22:%221%22,%22types%22:[%22a%22,%22b%22]}', { uid: '1', types: ['a', 'b'], cursor: undefined }],
  ['d=%7B%22uid%22%3A1%7D', { uid: '1', types: ['notice'], cursor: undefined }],
  ['d={"uid":"1","types":[]}', { uid: '1', types: ['notice'], cursor: undefined }],
  ['d={"uid":"1","types":"a,b"}', { uid: '1', types: ['a', 'b'], cursor: undefined }],
  ['d={"uid":"1","platform":"web"}', { uid: '1', types: ['notice'], cursor: undefined }],
  ['d={"uid":"1"}&mid=5&uid=2', { uid: '1', types: ['notice'], cursor: 5 }],
  [`uid=${'é'.repeat(128)}`, { uid: 'é'.repeat(128), types: ['notice'], cursor: undefined }],
  ['d={"uid":"1","__proto__":{"uid":"2"}}', { uid: '1', types: ['notice'], cursor: undefined }],
];

for (const [query, request] of accepted) {
  test(`taken: ${query.slice(0, 60)}`, () =>
    assert.deepEqual(readListenQuery(new URLSearchParams(query)), { ok: true, request }));
}

const many = Array.from({ length: 65 }, (_, index) => `t${index}`);

const refused: readonly [string, RegExp][] = [
  ['', /^there is no uid: connect to \/ws\?uid=1&types=notice\.$/],
  ['types=a', /there is no uid/],
  ['uid=', /^uid must not be empty\.$/],
  [`uid=${'é'.repeat(129)}`, /^uid must be at most 256 bytes\.$/],
  [`uid=1&types=${'t'.repeat(65)}`, /^types\.0 must be names of at most 64 characters\.$/],
  [`uid=1&types=${many.join()}`, /^types must be at most 64 names; \* means all\.$/],
  ['uid=1&mid=x', /^mid must be a message number/],
  ['uid=1&mid=-1', /^mid must be/],
  ['uid=1&mid=1.5', /^mid must be/],
  ['uid=1&mid=9007199254740992', /^mid must be/],
  ['uid=1&mid=1e5', /^mid must be/],
  ['d=', /^d must be JSON: connect to/],
  ['d=x', /^d must be JSON/],
  ['d={"uid":"1"', /^d must be JSON/],
  ['d=%', /^d must be JSON/],
  ['d=null', /^in d: it must be an object with a uid\.$/],
  ['d=[]', /^in d: it must be an object with a uid\.$/],
  ['d="1"', /^in d: it must be an object with a uid\.$/],
  ['d={}', /^in d: uid must be a string, or a whole number below 2\^53\.$/],
  ['d={}&uid=1', /^in d: uid must be/],
  ['d={"uid":""}', /^in d: uid must not be empty\.$/],
  ['d={"uid":null}', /^in d: uid must be a string, or a whole number below 2\^53\.$/],
  ['d={"uid":{"a":1}}', /^in d: uid must be a string, or a whole number below 2\^53\.$/],
  ['d={"uid":12345678901234567890}', /^in d: uid must be a string, or a whole number below 2\^53\.$/],
  ['d={"uid":"a\\ud800"}', /^in d: uid must not contain a lone surrogate\.$/],
  ['d={"__proto__":{"uid":"1"}}', /^in d: uid must be a string, or a whole number below 2\^53\.$/],
  ['d={"uid":"1","types":["a,b"]}', /^in d: types\.0 must be a list of names without commas\.$/],
  ['d={"uid":"1","types":[""]}', /^in d: types\.0 must not hold an empty name\.$/],
  ['d={"uid":"1","types":7}', /^in d: types must be a list of names\.$/],
  ['d={"uid":"1","types":[1]}', /^in d: types must be a list of names\.$/],
];

for (const [query, message] of refused) {
  test(`refused: ${query.slice(0, 60)}`, () => {
    const result = readListenQuery(new URLSearchParams(query));
    assert.ok(!result.ok, JSON.stringify(result));
    assert.match(result.message, message);
  });
}

test('no query of any kind makes it throw', () => {
  const chance = seeded(3);
  const parts = [
    'd=',
    'uid=',
    '&',
    '{',
    '}',
    '"',
    '%',
    '%22',
    '%ff',
    'mid=',
    'types=',
    ',',
    '[',
    ']',
    ':',
    '1',
    'uid',
    '\\',
    '+',
    '=',
  ];
  let taken = 0;
  for (let round = 0; round < 5000; round += 1) {
    const query = Array.from({ length: chance.below(12) }, () => chance.pick(parts)).join('');
    if (readListenQuery(new URLSearchParams(query)).ok) taken += 1;
  }
  assert.ok(taken > 50, `${taken} were taken`);
});

test('the types of a client frame are read by the same rule', () => {
  assert.deepEqual(readTypes(['a', 'b'], null), ['a', 'b']);
  assert.deepEqual(readTypes([], null), ['notice']);
  assert.deepEqual(readTypes(['*'], null), ['*']);
  for (const types of ['a', null, undefined, {}, [1], [''], ['a,b'], ['t'.repeat(65)], many]) {
    assert.equal(readTypes(types, null), undefined, JSON.stringify(types));
  }
});

test('who was asked has the uid of his grant, which he may repeat, and of its types what he asks for', () => {
  const grant = { ...grantByWord('ann'), types: ['a', 'b'] };
  const read = (query: string, types: readonly string[] | null = grant.types) =>
    readListenQuery(new URLSearchParams(query), { ...grant, types });
  const taken = (types: string[], cursor?: number | null) => ({ ok: true, request: { uid: 'ann', types, cursor } });
  assert.deepEqual(read(''), taken(['a', 'b']));
  assert.deepEqual(read('', null), taken(['notice']));
  assert.deepEqual(read('uid=ann&types=b&mid=5&token=x'), taken(['b'], 5));
  assert.deepEqual(read('types=*'), taken(['a', 'b']));
  assert.deepEqual(read('types=*', null), taken(['*']));
  assert.deepEqual(read('d={"types":["a"]}'), taken(['a']));
  assert.deepEqual(read('d={"uid":"ann"}'), taken(['a', 'b']));
  for (const query of [
    'uid=bob',
    'd={"uid":"bob"}',
    'd={"uid":"bob"}&uid=ann',
    'uid=Ann',
    'uid=ann&types=c',
    'types=a,c',
  ]) {
    const said = read(query);
    assert.deepEqual(said.ok ? said : said.code, 'forbidden', query);
  }
  const said = read('uid=');
  assert.deepEqual(said.ok ? said : said.code, 'invalid_listen');
});
