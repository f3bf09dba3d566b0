import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiKeys } from '../../src/auth/api-keys.ts';
import type { NamedKey } from '../../src/config/key-list.ts';
import { hashOf } from '../support/hash-of.ts';

const named = (name: string, key: string, expiresAtMs = 0): NamedKey => ({ name, hash: hashOf(key), expiresAtMs });

const nowMs = 1_000_000;
const listed = [
  named('old', 'key-of-old'),
  named('new', 'key-of-new'),
  named('gone', 'key-of-gone', nowMs),
  named('going', 'key-of-going', nowMs + 1),
  { name: 'signs', hash: null, expiresAtMs: 0 },
];
const keys = new ApiKeys(listed, () => nowMs);

function found(headers: Parameters<typeof keys.find>[0]): string {
  const result = keys.find(headers);
  if (result.ok) return result.key.name;
  assert.equal(result.code, 'unauthenticated');
  return result.message;
}

test('a key is found by either header, and several are valid at once', () => {
  assert.equal(found({ authorization: 'Bearer key-of-old' }), 'old');
  assert.equal(found({ authorization: 'bearer  key-of-new ' }), 'new');
  assert.equal(found({ 'x-api-key': 'key-of-new' }), 'new');
  assert.equal(found({ 'x-api-key': 'key-of-new', authorization: 'BEARER key-of-new' }), 'new');
});

test('a proxy in front may have its own scheme beside an X-API-Key', () => {
  assert.equal(found({ authorization: 'Basic YTpi', 'x-api-key': 'key-of-old' }), 'old');
});

test('what is missing, unknown, two or expired is refused, and said without the key', () => {
  const none = /^There is no key; send one as Authorization: Bearer KEY/;
  const table: readonly (readonly [Parameters<typeof keys.find>[0], RegExp])[] = [
    [{}, none],
    [{ authorization: '' }, none],
    [{ authorization: 'Bearer' }, none],
    [{ authorization: 'Bearer ' }, none],
    [{ authorization: 'Basic key-of-old' }, none],
    [{ authorization: 'key-of-old' }, none],
    [{ authorization: 'Bearer key-of-old, Bearer key-of-new' }, none],
    [{ 'x-api-key': '' }, none],
    [{ 'x-api-key': ['key-of-old', 'key-of-new'] }, none],
    [{ authorization: 'Bearer key-of-older' }, /^This key is not known\.$/],
    [{ authorization: 'Bearer key-of-ol' }, /not known/],
    [{ 'x-api-key': 'key-of-old, key-of-new' }, /not known/],
    [{ 'x-api-key': listed[0]?.hash ?? '' }, /not known/],
    [{ 'x-api-key': 'signs' }, /not known/],
    [{ authorization: 'Bearer key-of-old', 'x-api-key': 'key-of-new' }, /different keys/],
    [{ authorization: 'Bearer key-of-gone' }, /^The key gone has expired\.$/],
  ];
  for (const [headers, message] of table) {
    const said = found(headers);
    assert.match(said, message, JSON.stringify(headers));
    assert.doesNotMatch(said, /key-of/);
  }
});

test('a key is valid up to the instant at which it expires, and not at it', () => {
  assert.equal(found({ 'x-api-key': 'key-of-going' }), 'going');
  assert.match(found({ 'x-api-key': 'key-of-gone' }), /expired/);
});

test('without keys nobody has one', () => {
  const result = new ApiKeys<NamedKey>([], () => 0).find({ 'x-api-key': 'x' });
  assert.equal(result.ok, false);
});
