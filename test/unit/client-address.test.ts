import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { addressKey, createClientAddress, isLoopbackAddress, normalAddress } from '../../src/auth/client-address.ts';

const client = '203.0.113.7';

test('without a trusted proxy the header is not read', () => {
  const address = createClientAddress([]);
  assert.equal(address('127.0.0.1', client), '127.0.0.1');
  assert.equal(address('::ffff:198.51.100.9', client), '198.51.100.9');
  assert.equal(address(undefined, client), undefined);
});

test('of a proxy that is not trusted it is not read either', () => {
  const address = createClientAddress(['10.0.0.0/24', 'fd00::/64']);
  for (const proxy of ['10.0.1.1', '127.0.0.1', '::1', 'fd00:0:0:1::1', '203.0.113.1']) {
    assert.equal(address(proxy, client), normalAddress(proxy), proxy);
  }
});

test('a trusted proxy speaks for the rightmost that is not one', () => {
  const address = createClientAddress(['loopback', '10.0.0.0/24', 'fd00::/64', '192.0.2.1']);
  for (const proxy of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '10.0.0.255', 'fd00::ab', '192.0.2.1']) {
    assert.equal(address(proxy, client), client, proxy);
  }
  const proxy = '127.0.0.1';
  for (const [header, expected] of [
    [`6.6.6.6, ${client}`, client],
    [`${client}, 10.0.0.1, 10.0.0.2`, client],
    [`6.6.6.6,${client},10.0.0.1`, client],
    [`${client}:4711`, client],
    [`  ${client}  `, client],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['::ffff:203.0.113.7', client],
    // All of them are proxies: the farthest.
    ['10.0.0.3, 10.0.0.2', '10.0.0.3'],
    // What cannot be read leaves the one who said it.
    ['', proxy],
    ['unknown', proxy],
    [`${client}, unknown`, proxy],
    [`${client}, `, proxy],
    [`${client}, garbage, 10.0.0.2`, '10.0.0.2'],
    ['203.0.113.7.8', proxy],
    ['203.0.113', proxy],
    ['[203.0.113.7', proxy],
    ['203.0.113.7:x', proxy],
    [undefined, proxy],
  ] as const) {
    assert.equal(address(proxy, header), expected, String(header));
  }
});

test('an address in any spelling is one', () => {
  for (const [text, expected] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::1', '::1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8::00AB', '2001:db8::ab'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:C000:0201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['::fffe:192.0.2.1', '::fffe:c000:201'],
    ['localhost', undefined],
    ['', undefined],
    ['%', undefined],
  ] as const) {
    assert.equal(normalAddress(text), expected, text);
  }
});

test('IPv6 counts by its first 64 bits, IPv4 by all', () => {
  for (const [address, key] of [
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1:0:0:0:0', '0:0:0:1::/64'],
  ] as const) {
    assert.equal(addressKey(address), key, address);
  }
});

test('this machine itself is known', () => {
  for (const address of ['127.0.0.1', '127.1.2.3', '::1']) assert.ok(isLoopbackAddress(address), address);
  for (const address of ['128.0.0.1', '12.7.0.0', '::2', '::1:1']) assert.ok(!isLoopbackAddress(address), address);
});

test('whatever the header holds, there is an address, and what a client writes before its proxy’s word is not it', () => {
  const address = createClientAddress(['loopback']);
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.string({ unit: 'binary' })), (claimed) => {
      assert.notEqual(isIP(address('127.0.0.1', claimed) ?? ''), 0);
      assert.equal(address('127.0.0.1', `${claimed}, ${client}`), client);
    }),
    { seed: 5, numRuns: 2000 },
  );
});
