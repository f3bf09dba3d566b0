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
    'https://*',
    'https://*.',
    'https://*.*.example.com',
    'https://a.*.example.com',
    'https://*a.example.com',
    'https://*.u@a.example',
    'capacitor://*.example.com',
    'capacitor://localhost/x',
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

test('a star stands for all names below one', () => {
  assert.deepEqual(read('HTTPS://*.Example.com:443, http://*.a.b.example:8080'), [
    'https://*.example.com',
    'http://*.a.b.example:8080',
  ]);
  assert.match(String(read('https://*.example.com/x')), /; write https:\/\/\*\.example\.com$/);
});

test('the origins of apps and extensions are taken as they are', () => {
  const apps = ['file://', 'capacitor://localhost', 'ionic://localhost', 'chrome-extension://abcdefghijklmnop'];
  assert.deepEqual(read(apps.join(',')), apps);
});

test('an address in place of an origin is refused with what was meant', () => {
  assert.match(String(read('wss://a.example:8443')), /; write https:\/\/a\.example:8443, the address of the page$/);
  assert.match(String(read('*.example.com')), /; write https:\/\/\*\.example\.com$/);
  assert.doesNotMatch(String(read('wss://u:secret@a.example')), /secret/);
});
