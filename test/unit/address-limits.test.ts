import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { AddressLimits } from '../../src/auth/address-limits.ts';

class FakePeer extends EventEmitter {
  destroyed = false;
  close(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

function watched(maxConnectionsPerAddress: number, maxHandshakesPerAddress = 0) {
  const counters = { overAddressConnections: 0, overAddressHandshakes: 0 };
  const lines: Record<string, unknown>[] = [];
  const warn = (fields: object): void => void lines.push({ ...fields });
  const options = { maxConnectionsPerAddress, maxHandshakesPerAddress };
  return { counters, lines, limits: new AddressLimits({ counters, warn, monotonicMs: () => 0 }, options) };
}

test('as many connections as are set, and one more is refused, until one has closed', async () => {
  const { counters, lines, limits } = watched(3);
  const peers = [new FakePeer(), new FakePeer(), new FakePeer()];
  for (const peer of peers) assert.equal(await limits.admit(peer, '192.0.2.1'), undefined);
  const refused = await limits.admit(new FakePeer(), '192.0.2.1');
  assert.equal(refused?.code, 'address_connections_exceeded');
  assert.equal(counters.overAddressConnections, 1);
  assert.deepEqual(lines, [
    { event: 'address.refused', limit: 'max-connections-per-address', address: '192.0.2.1', refused: 1 },
  ]);
  assert.equal(await limits.admit(new FakePeer(), '192.0.2.2'), undefined, 'another address has its own');
  peers[1]?.close();
  const next = new FakePeer();
  assert.equal(await limits.admit(next, '192.0.2.1'), undefined);
  assert.ok((await limits.admit(new FakePeer(), '192.0.2.1')) !== undefined, 'a place is given once');
  for (const peer of [...peers, next]) peer.close();
  assert.equal(limits.size, 1, 'an address without connections is forgotten');
});

test('an address of IPv6 is its first 64 bits', async () => {
  const { limits } = watched(1);
  assert.equal(await limits.admit(new FakePeer(), '2001:db8::1'), undefined);
  assert.ok((await limits.admit(new FakePeer(), '2001:db8::ffff:1')) !== undefined);
  assert.equal(await limits.admit(new FakePeer(), '2001:db8:0:1::1'), undefined);
});

test('this machine is not limited, and answered at once', () => {
  const { limits } = watched(1, 1);
  for (let count = 0; count < 10; count += 1) {
    assert.equal(limits.admit(new FakePeer(), '127.0.0.1'), undefined);
    assert.equal(limits.admit(new FakePeer(), '::1'), undefined);
  }
  assert.equal(limits.size, 0);
});

test('as many handshakes in a second as are set; the others are asked back to the seconds in which they will be taken', async (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'] });
  const { counters, limits } = watched(0, 3);
  const come = () => Promise.resolve(limits.admit(new FakePeer(), '192.0.2.1'));
  for (let count = 0; count < 3; count += 1) assert.equal(await come(), undefined);
  const after: unknown[] = [];
  for (let count = 0; count < 7; count += 1) {
    const refused = await come();
    assert.equal(refused?.code, 'rate_exceeded');
    after.push(refused?.retryAfterSeconds);
  }
  assert.deepEqual(after, [1, 1, 1, 2, 2, 2, 3]);
  assert.equal(counters.overAddressHandshakes, 7);
  assert.equal(await limits.admit(new FakePeer(), '192.0.2.2'), undefined, 'another address has its own');
  t.mock.timers.tick(1000);
  for (let count = 0; count < 3; count += 1) assert.equal(await come(), undefined);
  assert.equal((await come())?.code, 'rate_exceeded');
  for (let count = 0; count < 1000; count += 1) await come();
  assert.equal((await come())?.retryAfterSeconds, 30, 'nobody is sent away for long');
});

test('who has gone while he was counted holds no place, and neither does one who came too often', async () => {
  const { limits } = watched(5, 1);
  const gone = new FakePeer();
  const admitted = limits.admit(gone, '192.0.2.1');
  gone.close();
  assert.equal(await admitted, undefined);
  assert.ok((await limits.admit(new FakePeer(), '192.0.2.1')) !== undefined);
  assert.equal(limits.size, 0);
});

test('0 is no limit', async () => {
  const { limits } = watched(0, 0);
  for (let count = 0; count < 2000; count += 1) {
    assert.equal(limits.admit(new FakePeer(), '192.0.2.1'), undefined);
  }
  assert.equal(limits.size, 0);
});
