import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback, parseHost } from '../../src/config/host.ts';

test('addresses and host names are read, brackets dropped', () => {
  for (const host of [
    '127.0.0.1',
    '0.0.0.0',
    '::',
    '::1',
    'fe80::1%eth0',
    'localhost',
    'redis-1',
    'my_redis',
    'a.b.example',
  ]) {
    assert.equal(parseHost(host), host);
  }
  assert.equal(parseHost('[::1]'), '::1');
});

test('a host with a port, a path, a space or a slip is none', () => {
  const wrong = [
    '',
    '*',
    'a:80',
    '127.0.0.1:80',
    '[127.0.0.1]',
    '[::1',
    'a b',
    'a/b',
    '-a',
    'a-',
    'a..b',
    '.',
    '256.1.1.1',
    '1.2.3',
  ];
  for (const text of [...wrong, 'user@host', `${'a'.repeat(64)}.example`, `${'a.'.repeat(130)}b`]) {
    assert.equal(parseHost(text), undefined, text);
  }
});

test('loopback is 127.0.0.0/8, ::1 in any spelling and localhost', () => {
  for (const host of [
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    'localhost',
    'LOCALHOST',
  ]) {
    assert.equal(isLoopback(host), true, host);
  }
  for (const host of [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '128.0.0.1',
    '::ffff:10.0.0.1',
    'localhost.example',
    'myhost',
    '::2',
  ]) {
    assert.equal(isLoopback(host), false, host);
  }
});
