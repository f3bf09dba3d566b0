import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idPrefixOf, outOfScope, type Posted } from '../../src/auth/send-scope.ts';
import type { SendKey } from '../../src/config/send-keys.ts';
import { idPrefixLength } from '../../src/wire/limits.ts';

const key: SendKey = {
  name: 'shop',
  hash: 'sha256:x',
  hmacSecret: null,
  hmacSecretFile: null,
  all: true,
  uids: null,
  types: null,
  rate: 0,
  expiresAtMs: 0,
};
const toAll: Posted = { uids: null, type: 'notice' };
const to = (...uids: readonly string[]): Posted => ({ uids, type: 'notice' });

test('a key without scopes may post everything', () => {
  assert.equal(outOfScope(key, [toAll, to('1', '')], true), undefined);
});

test('all is one rule, uids another', () => {
  const noAll = { ...key, all: false };
  assert.equal(outOfScope(noAll, [to('1')], false), undefined);
  assert.deepEqual(outOfScope(noAll, [toAll], false), {
    ok: false,
    code: 'forbidden',
    message: 'The key shop may not post this: topic is all, which its rule all forbids.',
    details: [{ path: 'topic', message: 'is all, which its rule all forbids' }],
  });
  const onlyAll = { ...key, uids: [] };
  assert.equal(outOfScope(onlyAll, [toAll], false), undefined);
  assert.equal(outOfScope(onlyAll, [to('1')], false)?.code, 'forbidden');
});

test('every uid must begin as one of uids says', () => {
  const scoped = { ...key, all: false, uids: ['a-', 'b-'] };
  for (const posted of [to('a-1'), to('a-'), to('b-1', 'a-2')])
    assert.equal(outOfScope(scoped, [posted], false), undefined);
  for (const uid of ['a', 'A-1', 'c-1', '-a-1', ' a-1', 'b', 'xa-']) {
    const { message, details } = outOfScope(scoped, [to('a-1', uid, 'b-1')], false) ?? assert.fail(uid);
    assert.equal(message, `The key shop may not post this: topic_ids has "${uid}", which its rule uids does not name.`);
    assert.deepEqual(details, [{ path: 'topic_ids', message: `has "${uid}", which its rule uids does not name` }]);
  }
});

test('a type must be named whole', () => {
  const scoped = { ...key, types: ['notice', 'order'] };
  assert.equal(outOfScope(scoped, [toAll, { uids: ['1'], type: 'order' }], true), undefined);
  for (const type of ['notic', 'notices', 'Order', '']) {
    const refused = outOfScope(scoped, [{ uids: ['1'], type }], false);
    assert.match(
      refused?.message ?? '',
      /^The key shop may not post this: types is ".*", which its rule types does not name\.$/,
    );
  }
});

test('of a batch every item that is wrong is named, a hundred at most', () => {
  const scoped = { ...key, all: false, uids: ['a-'] };
  const refused = outOfScope(scoped, [to('a-1'), to('x'), to('a-1'), toAll], true);
  assert.match(refused?.message ?? '', /: item 1: topic_ids has "x"/);
  assert.deepEqual(
    refused?.details.map(({ index, path }) => [index, path]),
    [
      [1, 'topic_ids'],
      [3, 'topic'],
    ],
  );
  const many = Array.from({ length: 1000 }, () => to('x'));
  assert.equal(outOfScope(scoped, many, true)?.details.length, 100);
});

test('a key with scopes has ids of its own, which the next key of the same scopes shares', () => {
  const scopes: readonly Partial<SendKey>[] = [
    { all: false },
    { uids: ['a-'], all: false },
    { uids: ['a-'] },
    { uids: ['b-'], all: false },
    { uids: [] },
    { types: ['a-'] },
    { types: ['a-', 'b-'] },
    { uids: ['a-', 'b-'] },
    { uids: ['a-,b-'] },
  ];
  const prefixes = scopes.map((scope) => idPrefixOf({ ...key, ...scope }));
  assert.equal(new Set(prefixes).size, scopes.length);
  for (const prefix of prefixes) {
    assert.match(prefix, /^[\w-]+\.$/);
    assert.equal(prefix.length, idPrefixLength);
  }
  assert.equal(idPrefixOf(key), '');
  const next = { name: 'next', hash: 'sha256:y', rate: 7, expiresAtMs: 8 };
  assert.equal(idPrefixOf({ ...key, uids: ['b', 'a'] }), idPrefixOf({ ...key, ...next, uids: ['a', 'b', 'a'] }));
});
