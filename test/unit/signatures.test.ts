import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSigner, verifySignature } from '../../src/auth/signatures.ts';
import { digestOf, signed, type ToSign } from '../support/sign.ts';

const nowS = 1_800_000_000;
const secret = 's'.repeat(32);
const keys = [
  { name: 'shop', hmacSecret: secret, expiresAtMs: 0 },
  { name: 'gone', hmacSecret: secret, expiresAtMs: nowS * 1000 },
  { name: 'going', hmacSecret: secret, expiresAtMs: nowS * 1000 + 1 },
  { name: 'presents', hmacSecret: null, expiresAtMs: 0 },
];
const body = '{"topic":"all","msg":"m"}';
const toSign: ToSign = { secret, body, at: nowS };
const json = { 'content-type': 'application/json' };

type Headers = Parameters<typeof findSigner>[1];

/** The id of what is right; else why it is refused. */
function judge(headers: Headers, posted: string = body): string {
  const found = findSigner(keys, headers, nowS * 1000);
  if (!found.ok) {
    assert.equal(found.code, 'unauthenticated');
    return found.message;
  }
  const { claim } = found.key;
  const verified = verifySignature({ claim, headers, body: Buffer.from(posted) });
  if (verified.ok) return verified.id;
  assert.equal(verified.code, 'unauthenticated');
  return verified.message;
}

const good: Record<string, string> = { ...json, ...signed('shop', toSign) };

test('the same signed post has the same id, and another has another', () => {
  const id = judge(good);
  assert.match(id, /^sig-[\w-]{43}$/);
  assert.equal(judge({ ...good }), id);
  assert.notEqual(judge({ ...json, ...signed('shop', { ...toSign, at: nowS + 1 }) }), id);
  assert.equal(judge({ ...json, ...signed('shop', { ...toSign, body: '[]' }) }, '[]').slice(0, 4), 'sig-');
});

test('a signature may be written in capitals, after spaces, and beside others', () => {
  const id = judge(good);
  const digest = digestOf(toSign);
  const other = digestOf({ ...toSign, secret: 'another' });
  for (const signature of [
    `t=${nowS},v1=${digest.toUpperCase()}`,
    `v1=${digest}, t=${nowS}`,
    `t=${nowS},v1=${other},v1=${digest}`,
    `t=${nowS},v1=${digest},v1=${other},v1=${other},v1=${other}`,
    `t=${nowS},v0=x,v1=${digest},v2=${'f'.repeat(128)}`,
  ]) {
    assert.equal(judge({ ...good, 'tidings-signature': signature }), id, signature);
  }
});

test('whatever is changed of what was signed is seen', () => {
  const wrong = /^Tidings-Signature is not that of this post: sign the time/;
  const changed: readonly (readonly [Headers, string?])[] = [
    [good, `${body} `],
    [good, ''],
    [{ ...good, 'content-type': 'application/x-ndjson' }],
    [{ ...good, 'content-type': undefined }],
    [{ ...good, 'idempotency-key': 'k' }],
    [{ ...good, 'tidings-signature': String(good['tidings-signature']).replace(`t=${nowS}`, `t=${nowS + 1}`) }],
    [{ ...json, ...signed('shop', { ...toSign, secret: 'S'.repeat(32) }) }],
  ];
  for (const [headers, posted] of changed) assert.match(judge(headers, posted), wrong, JSON.stringify(headers));
});

test('nothing can be moved between what is signed', () => {
  const keyed = { ...toSign, idempotencyKey: 'a', body: 'b\n{}' };
  const headers = { ...json, 'idempotency-key': 'a', ...signed('shop', keyed) };
  assert.match(judge(headers, 'b\n{}'), /^sig-/);
  assert.match(judge({ ...headers, 'idempotency-key': 'a\nb' }, '{}'), /^sig-/, 'which no header can hold');
  assert.match(judge({ ...headers, 'idempotency-key': '' }, 'a\nb\n{}'), /not that of this post/);
  assert.match(judge({ ...headers, 'idempotency-key': undefined }, 'a\nb\n{}'), /not that of this post/);
});

test('parameters of the media type are not signed, and its case is not', () => {
  const headers = { ...good, 'content-type': 'Application/JSON; charset=utf-8' };
  assert.equal(judge(headers), judge(good));
});

test('it is valid for five minutes in either direction, to the second', () => {
  const at = (seconds: number): string => judge({ ...json, ...signed('shop', { ...toSign, at: seconds }) });
  assert.match(at(nowS - 300), /^sig-/);
  assert.match(at(nowS + 300), /^sig-/);
  assert.equal(
    at(nowS - 301),
    'The time of Tidings-Signature is 301 s before that of this instance; at most 300 s are allowed.',
  );
  assert.match(at(nowS + 301), /is 301 s after that/);
  assert.match(at(1), /before/);
  assert.match(at(nowS * 1000), /is not t=<Unix seconds>/, 'milliseconds');
});

test('what is missing, unknown, expired or cannot be read is refused before there is a body', () => {
  const signature = String(good['tidings-signature']);
  const digest = digestOf(toSign);
  const form = /^Tidings-Signature is not t=<Unix seconds>,v1=<HMAC-SHA256 in hex>, with at most 4 of v1\.$/;
  const table: readonly (readonly [Headers, RegExp])[] = [
    [{ 'tidings-signature': signature }, /no Tidings-Key/],
    [{ 'tidings-key': 'shop' }, /no Tidings-Signature/],
    [{ ...good, 'tidings-key': 'nobody' }, /^No key of the name/],
    [{ ...good, 'tidings-key': 'presents' }, /^No key of the name/],
    [{ ...good, 'tidings-key': 'shop, shop' }, /^No key of the name/],
    [{ ...good, 'tidings-key': ['shop', 'shop'] }, /^No key of the name/],
    [{ ...good, 'tidings-key': 'gone' }, /^The key gone has expired\.$/],
    [{ ...good, 'tidings-signature': [signature, signature] }, form],
    [{ ...good, 'tidings-signature': `${signature}, ${signature}` }, form],
    [{ ...good, 'tidings-signature': '' }, form],
    [{ ...good, 'tidings-signature': `t=${nowS}` }, form],
    [{ ...good, 'tidings-signature': `v1=${digest}` }, form],
    [{ ...good, 'tidings-signature': `t=,v1=${digest}` }, form],
    [{ ...good, 'tidings-signature': `t=0,v1=${digest}` }, form],
    [{ ...good, 'tidings-signature': `t=-1,v1=${digest}` }, form],
    [{ ...good, 'tidings-signature': `t=0${nowS},v1=${digest}` }, form],
    [{ ...good, 'tidings-signature': `t=1e9,v1=${digest}` }, form],
    [{ ...good, 'tidings-signature': `t=${nowS},v1=${digest.slice(1)}` }, form],
    [{ ...good, 'tidings-signature': `t=${nowS},v1=${digest}0` }, form],
    [{ ...good, 'tidings-signature': `t=${nowS},v1=${'g'.repeat(64)}` }, form],
    [{ ...good, 'tidings-signature': `t=${nowS}${`,v1=${digest}`.repeat(5)}` }, form],
  ];
  for (const [headers, message] of table) {
    const found = findSigner(keys, headers, nowS * 1000);
    assert.ok(!found.ok, JSON.stringify(headers));
    assert.match(found.message, message, JSON.stringify(headers));
    assert.ok(!found.message.includes(digest));
  }
  assert.match(judge({ ...good, 'tidings-key': 'going' }), /^sig-/);
});
