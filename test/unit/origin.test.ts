import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOriginRule } from '../../src/ingress/origin.ts';

const own = '127.0.0.1:3210';
const rule = createOriginRule(['https://app.example.com', 'null']);
const closed = createOriginRule([]);
const open = createOriginRule(['*']);

test('who comes from no browser may post', () => {
  for (const mayPost of [rule, closed, open]) {
    assert.equal(mayPost(undefined, own), true);
    assert.equal(mayPost(undefined, undefined), true);
  }
});

test('a listed origin may, to the letter', () => {
  assert.equal(rule('https://app.example.com', own), true);
  assert.equal(rule('null', own), true);
  for (const origin of [
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://example.com',
    'https://x.app.example.com',
    'https://app.example.com.evil.com',
    'https://APP.example.com',
    '',
  ]) {
    assert.equal(rule(origin, own), false, origin);
  }
});

test('a star lets every page post', () => {
  for (const origin of ['https://evil.com', 'null', '', 'garbage']) assert.equal(open(origin, own), true);
});

test('the pages of this server may, where its name is an address or localhost', () => {
  for (const [origin, host] of [
    ['http://127.0.0.1:3210', '127.0.0.1:3210'],
    ['http://localhost:3210', 'localhost:3210'],
    ['http://localhost:3210', 'LOCALHOST:3210'],
    ['http://app.localhost:3210', 'app.localhost:3210'],
    ['http://[::1]:3210', '[::1]:3210'],
    ['http://192.168.1.5', '192.168.1.5'],
    ['https://10.0.0.7:8443', '10.0.0.7:8443'],
  ] as const) {
    assert.equal(closed(origin, host), true, origin);
  }
});

test('others may not: another port, another host, a name bound to our address', () => {
  for (const [origin, host] of [
    ['http://127.0.0.1:3211', own],
    ['http://127.0.0.1', own],
    ['http://127.0.0.2:3210', own],
    ['http://localhost:3210', own],
    ['http://evil.com', 'evil.com'],
    ['http://evil.com:3210', 'evil.com:3210'],
    ['http://127.0.0.1.evil.com:3210', '127.0.0.1.evil.com:3210'],
    ['http://evillocalhost:3210', 'evillocalhost:3210'],
    ['http://localhost.evil.com', 'localhost.evil.com'],
    ['null', 'null'],
    ['', ''],
    ['http://127.0.0.1:3210', undefined],
    ['file://', ''],
    ['//127.0.0.1:3210', own],
  ] as const) {
    assert.equal(closed(origin, host), false, origin);
  }
});
