import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOrigins } from '../../src/config/origins.ts';

function read(raw: unknown): readonly string[] | string {
  const parsed = parseOrigins(raw);
  return parsed.ok ? parsed.value : parsed.problem;
}

test('a comma list and a list mean the same', () => {
  assert.deepEqual(read('https://a.example, http://b.example:8080'), ['https://a.example', 'http://b.example:8080']);
  assert.deepEqual(read(['https://a.example', 'http://b.example:8080']), [
    'https://a.example',
    'http://b.example:8080',
  ]);
  assert.deepEqual(read(''), []);
  assert.deepEqual(read([]), []);
});

test('origins are kept as browsers send them, each once', () => {
  assert.deepEqual(read('HTTPS://A.Example:443,https://a.example,http://[::1]:80'), [
    'https://a.example',
    'http://[::1]',
  ]);
});

test('* and null are origins, also the null of YAML', () => {
  assert.deepEqual(read('*,null'), ['*', 'null']);
  assert.deepEqual(read(['*', null]), ['*', 'null']);
});

test('what could never match is refused', () => {
  const wrong = [
    'a.example',
    'ftp://a.example',
    'https://',
    'https://*.example',
    'https://a.example,',
    'https://u@a.example',
    'https://a b',
  ];
  for (const text of [...wrong, 'https://a.example:99999', 'javascript:alert(1)', 'https://a\\b']) {
    assert.match(String(read(text)), /^must hold only origins: /, text);
  }
  for (const item of [1, true, {}, ['https://a.example']])
    assert.match(String(read([item])), /^must hold only origins: /);
  for (const raw of [1, true, null, {}]) assert.match(String(read(raw)), /^must be a list /);
});

test('an address with a path is refused with the origin that was meant', () => {
  for (const text of ['https://a.example/', 'https://a.example/x?y', 'https://a.example?y', 'https://a.example#z']) {
    assert.match(String(read(text)), /; write https:\/\/a\.example$/, text);
  }
});
