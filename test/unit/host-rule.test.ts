import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openAdminAccess } from '../../src/app/open-admin-access.ts';

const { isOwnHost: alone } = access([]);
const { isOwnHost: named } = access(['https://admin.example.com', 'http://tidings.internal:3219', '*', 'null']);

function access(origins: readonly string[]) {
  return openAdminAccess({ origins, adminKeys: [], trustProxy: [] }, { log: { info: () => {} }, monotonicMs: () => 0 });
}

test('an address and localhost are ours, however they are written', () => {
  for (const isOwnHost of [alone, named]) {
    for (const host of [
      '127.0.0.1:3219',
      '127.0.0.1:80',
      '127.0.0.1:443',
      '10.0.0.7',
      '192.168.1.5:3219',
      '[::1]:3219',
      '[2001:db8::1]',
      'localhost',
      'LOCALHOST:3219',
      'admin.localhost:3219',
      undefined,
    ])
      assert.equal(isOwnHost(host), true, host);
  }
});

test('a name is ours when it is listed, with its port; a star and null list none', () => {
  assert.equal(named('admin.example.com'), true);
  assert.equal(named('ADMIN.example.com'), true);
  assert.equal(named('tidings.internal:3219'), true);
  for (const host of ['tidings.internal', 'tidings.internal:3218', 'x.admin.example.com', 'null', '*'])
    assert.equal(named(host), false, host);
  for (const host of ['admin.example.com', 'tidings.internal:3219']) assert.equal(alone(host), false, host);
});

test('every other name may have been bound to our address by its owner', () => {
  for (const isOwnHost of [alone, named]) {
    for (const host of [
      'evil.com',
      'evil.com:3219',
      'localhost.evil.com:3219',
      'evillocalhost:3219',
      '127.0.0.1.evil.com',
      'user@127.0.0.1',
      '127.0.0.1/',
      '127.0.0.1?x',
      '127.0.0.1#x',
      ' ',
      '',
      '::1',
      'a b',
    ])
      assert.equal(isOwnHost(host), false, host);
  }
});
