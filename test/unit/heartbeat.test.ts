import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pingFrame } from '../../src/hub/frame.ts';
import { Heartbeat } from '../../src/hub/heartbeat.ts';
import { createCounters } from '../../src/ops/counters.ts';
import { createPeer, type Peer } from './fake-socket.ts';
import { seeded } from './seeded.ts';

const ticksPerInterval = 32;

function createWheel(count: number) {
  const counters = createCounters();
  const heartbeat = new Heartbeat(counters, { pingIntervalMs: 3200 });
  const peers = Array.from({ length: count }, () => createPeer());
  for (const { connection } of peers) heartbeat.add(connection);
  const interval = (): void => {
    for (let tick = 0; tick < ticksPerInterval; tick += 1) heartbeat.tick();
  };
  return { counters, heartbeat, peers, interval };
}

const pings = ({ socket }: Peer): number => socket.writes.filter((bytes) => bytes === pingFrame).length;

test('every connection is pinged once an interval, and the pings are spread over it', () => {
  const { heartbeat, peers, interval } = createWheel(100);
  let before = 0;
  for (let tick = 0; tick < ticksPerInterval; tick += 1) {
    heartbeat.tick();
    const sum = peers.reduce((total, peer) => total + pings(peer), 0);
    assert.ok(sum - before === 3 || sum - before === 4, `${sum - before} pings in one tick`);
    before = sum;
  }
  for (const { connection } of peers) connection.isHeard = true;
  interval();
  assert.deepEqual(new Set(peers.map(pings)), new Set([2]));
});

test('who was not heard between two pings is ended; who was heard goes on', () => {
  const { counters, peers, interval } = createWheel(40);
  interval();
  for (const { connection } of peers.slice(0, 10)) connection.isHeard = true;
  interval();
  assert.deepEqual(
    peers.map(({ socket }) => socket.terminated),
    peers.map((_, index) => (index < 10 ? 0 : 1)),
  );
  assert.equal(counters.deadPeers, 30);
  assert.deepEqual(new Set(peers.slice(0, 10).map(pings)), new Set([2]));
  assert.deepEqual(new Set(peers.slice(10).map(pings)), new Set([1]));
});

test('a client that reads slowly has until the next ping, as everybody has', () => {
  const { counters, peers, interval } = createWheel(1);
  const [peer] = peers;
  assert.ok(peer !== undefined);
  peer.socket.writableLength = 100 * 1024 * 1024;
  interval();
  assert.equal(peer.socket.terminated, 0);
  assert.equal(pings(peer), 1, 'it must have something to answer');
  interval();
  assert.equal(peer.socket.terminated, 1);
  assert.equal(counters.deadPeers, 1);
});

test('one that is closing is not pinged, and ended when it takes too long', () => {
  const { peers, interval } = createWheel(1);
  const [peer] = peers;
  assert.ok(peer !== undefined);
  peer.socket.readyState = 2;
  interval();
  assert.equal(pings(peer), 0);
  interval();
  assert.equal(peer.socket.terminated, 1);
});

test('those who have gone are left alone, over thousands of comings and goings', () => {
  const { heartbeat, peers, interval } = createWheel(0);
  const chance = seeded(11);
  const gone: Peer[] = [];
  for (let step = 0; step < 5000; step += 1) {
    if (chance.happens(0.55) || peers.length === 0) {
      const peer = createPeer();
      heartbeat.add(peer.connection);
      peers.push(peer);
    } else {
      const [peer] = peers.splice(chance.below(peers.length), 1);
      assert.ok(peer !== undefined);
      heartbeat.remove(peer.connection);
      gone.push(peer);
    }
  }
  interval();
  assert.ok(gone.length > 1000 && peers.length > 100);
  assert.deepEqual(new Set(peers.map(pings)), new Set([1]));
  assert.deepEqual(new Set(gone.map(pings)), new Set([0]));
});

test('the wheel turns by itself from start to stop', ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval'] });
  const { heartbeat, peers } = createWheel(32);
  mock.timers.tick(10_000);
  assert.equal(pings(peers[0] ?? createPeer()), 0, 'not before start');
  heartbeat.start();
  mock.timers.tick(3199);
  assert.equal(peers.filter((peer) => pings(peer) === 1).length, 31);
  mock.timers.tick(1);
  assert.equal(peers.filter((peer) => pings(peer) === 1).length, 32);
  heartbeat.stop();
  mock.timers.tick(10_000);
  assert.equal(peers.filter((peer) => pings(peer) === 1).length, 32);
  assert.equal(peers.filter(({ socket }) => socket.terminated > 0).length, 0, 'a wheel that stands still ends nobody');
});
