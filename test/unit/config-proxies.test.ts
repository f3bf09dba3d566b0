import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProxies } from '../../src/config/proxies.ts';

function read(raw: unknown): readonly string[] | string {
  const parsed = parseProxies(raw);
  return parsed.ok ? parsed.value : parsed.problem;
}

test('addresses, networks and loopback, each once, in a comma list or a list', () => {
  const proxies = ['loopback', '10.0.0.2', '10.0.0.0/24', 'fd00::/64', '::1', '192.0.2.1/32', 'fd00::1/128'];
  assert.deepEqual(read(proxies), proxies);
  assert.deepEqual(read(`${proxies.join(' , ')},LOOPBACK`), proxies);
  for (const nobody of ['', 'none', ' None ', []]) assert.deepEqual(read(nobody), []);
});

test('what is none is refused, and so is everybody', () => {
  for (const item of [
    'proxy.example.com',
    '10.0.0',
    '10.0.0.1:80',
    '10.0.0.0/33',
    '10.0.0.0/0',
    '::/0',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/08',
    'fd00::/129',
    'fe80::1%eth0',
    '[::1]',
    '*',
    'none,loopback',
    'loopback,',
  ]) {
    assert.match(String(read(item)), /^must hold only proxies: /, item);
  }
  for (const item of [1, null, {}, ['10.0.0.1']]) assert.match(String(read([item])), /^must hold only proxies: /);
  for (const raw of [1, true, null, {}]) assert.match(String(read(raw)), /^must be a list /);
});
