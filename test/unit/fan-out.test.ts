import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Cohort } from '../../src/hub/cohort.ts';
import { FanOut } from '../../src/hub/fan-out.ts';
import { Outgoing } from '../../src/hub/outgoing.ts';
import { Receipts } from '../../src/hub/receipts.ts';
import { createCounters } from '../../src/ops/counters.ts';
import { sampleMessage } from '../contract/sample-message.ts';
import { createRun, range, received, type RunOptions } from './hub-run.ts';
import { LocalMailboxes } from './hub-mailboxes.ts';
import { createTurns } from './hub-turns.ts';
import { createPeer, type Peer } from './fake-socket.ts';

/** A hub whose turns of the event loop a test takes one by one: two writes in each. */
function createSliced(t: TestContext, options: RunOptions = {}) {
  const run = createRun(t, new LocalMailboxes(), options);
  return { ...run, turns: createTurns(t, run.time) };
}

function given(peers: readonly Peer[]): number {
  return peers.filter(({ socket }) => socket.writes.length > 0).length;
}

test('a fan-out to a crowd goes on over turns of the event loop, a few sockets in each', (t) => {
  const { connect, publishMany, turns, counters } = createSliced(t);
  const peers = range(1, 7).map((uid) => connect('plain', `${uid}`));
  publishMany(2);
  for (const count of [2, 4, 6, 7]) {
    turns.take();
    assert.equal(given(peers), count);
    assert.equal(counters.delivered, 2 * count, 'counted as they are written');
  }
  assert.equal(turns.isWaiting, false, 'nothing is left');
});

test('one to many uids as well', (t) => {
  const { connect, publishMany, turns } = createSliced(t);
  const uids = range(1, 5).map(String);
  const peers = uids.map((uid) => connect('tracked', uid));
  publishMany(1, { uids });
  for (const count of [2, 4, 5]) {
    turns.take();
    assert.equal(given(peers), count);
  }
  assert.equal(turns.isWaiting, false);
});

test('what is published meanwhile waits until everybody has had the turn before, and then goes out once', (t) => {
  const { connect, publishMany, turns } = createSliced(t);
  const peers = range(1, 3).map(() => connect());
  publishMany(1);
  turns.take();
  publishMany(2);
  turns.take();
  assert.deepEqual(peers.map(received), [[1], [1], [1]]);
  for (; turns.isWaiting;) turns.take();
  assert.deepEqual(peers.map(received), [range(1, 3), range(1, 3), range(1, 3)]);
  for (const { socket } of peers) assert.equal(socket.writes.length, 2);
});

test('whoever comes or goes meanwhile: nobody is passed over, and nobody gets anything twice', (t) => {
  const { hub, connect, publishMany, turns } = createSliced(t);
  const peers = range(1, 6).map(() => connect());
  publishMany(1);
  turns.take();
  const had = peers.filter(({ socket }) => socket.writes.length > 0);
  const late = connect();
  // One of those that had it, one that had not: others take their places.
  const [first] = peers.filter((peer) => !had.includes(peer));
  for (const gone of [had[0], first]) if (gone !== undefined) hub.remove(gone.connection);
  const later = connect();
  for (; turns.isWaiting;) turns.take();
  const stayed = peers.filter((peer) => peer !== had[0] && peer !== first);
  assert.deepEqual(stayed.map(received), [[1], [1], [1], [1]]);
  assert.deepEqual([late, later].map(received), [[], []], 'it was published before they came');
  publishMany(1);
  hub.flush();
  assert.deepEqual([late, later].map(received), [[2], [2]]);
});

test('new types meanwhile: what was published before is written first, in the order in which it was published', (t) => {
  const { hub, connect, publishMany, turns } = createSliced(t);
  const peers = range(1, 5).map(() => connect('tracked', '1', ['a']));
  publishMany(1, { type: 'a' });
  turns.take();
  const waiting = peers.find(({ socket }) => socket.writes.length === 0);
  assert.ok(waiting !== undefined);
  publishMany(1, { type: 'a' });
  hub.setTypes(waiting.connection, ['b']);
  assert.deepEqual(received(waiting), [1]);
  publishMany(1, { type: 'a' });
  publishMany(1, { type: 'b' });
  for (; turns.isWaiting;) turns.take();
  assert.deepEqual(received(waiting), [1, 2, 4]);
});

test('one that is settled, however often, is given nothing twice', () => {
  const counters = createCounters();
  const onTooSlow = (): void => assert.fail('nobody is slow');
  const fanOut = new FanOut({ monotonicMs: () => 0, counters, receipts: new Receipts(), onTooSlow });
  const cohort = new Cohort('plain *', 'plain', null);
  const peers = range(1, 3).map(() => createPeer());
  for (const { connection } of peers) {
    cohort.add(connection);
    fanOut.join(connection, cohort);
  }
  fanOut.toCohort(cohort, new Outgoing({ mid: 1, message: sampleMessage() }, 0));
  fanOut.begin();
  for (const { connection } of peers.slice(1)) fanOut.settle(connection);
  for (const { connection } of peers.slice(1)) fanOut.settle(connection);
  assert.equal(fanOut.write(Number.POSITIVE_INFINITY), true);
  assert.deepEqual(
    peers.map(({ socket }) => socket.writes.length),
    [1, 1, 1],
  );
  assert.equal(counters.delivered, 3);
});

test('one that goes meanwhile has all that was published; the others wait their turn', (t) => {
  const { hub, connect, publishMany, turns, counters } = createSliced(t);
  const peers = range(1, 5).map((uid) => connect('plain', `${uid}`));
  publishMany(1);
  turns.take();
  publishMany(1);
  publishMany(1, { uids: ['1'] });
  const [leaves] = peers;
  assert.ok(leaves !== undefined && given([leaves]) === 0, 'it is among the last');
  hub.handOver(leaves.connection, 0);
  assert.deepEqual(received(leaves), [1, 2, 3]);
  assert.equal(given(peers), 3, 'nobody else is given anything for that');
  for (; turns.isWaiting;) turns.take();
  assert.deepEqual(received(leaves), [1, 2, 3]);
  assert.equal(counters.delivered, 3 + 4 * 2);
});

test('one that is too slow in the middle of a fan-out is caught up with all that it lacks', async (t) => {
  const { hub, connect, publishMany, turns, pass } = createSliced(t, { connectionBudgetBytes: 300 });
  const peers = range(1, 3).map((uid) => connect('tracked', `${uid}`));
  const [slow] = peers;
  assert.ok(slow !== undefined);
  publishMany(1);
  hub.flush();
  publishMany(1);
  turns.take();
  assert.equal(given([slow]), 1, 'it is the last');
  publishMany(1, { uids: ['1'] });
  slow.socket.writableLength = 299;
  turns.take();
  assert.equal(hub.behind, 1);
  publishMany(1);
  slow.socket.writableLength = 0;
  await pass(40);
  assert.deepEqual(received(slow), range(1, 4));
  publishMany(1, { uids: ['1'] });
  for (; turns.isWaiting;) turns.take();
  assert.deepEqual(received(slow), range(1, 5));
});

test('a gap, and more than may be gathered, are written at once, after what is under way', (t) => {
  const { hub, connect, publishMany, turns } = createSliced(t, { connectionBudgetBytes: 10_000_000 });
  const peers = range(1, 5).map(() => connect());
  publishMany(1);
  turns.take();
  const push = `{"types":"notice","msg":0,"time":"${'x'.repeat(300_000)}"}`;
  publishMany(1, { push });
  for (const peer of peers) assert.deepEqual(received(peer), [1, 0]);
  publishMany(1);
  turns.take();
  hub.gap(3, 10);
  for (const peer of peers) assert.deepEqual(received(peer), [1, 0, 3, '{"event":"gap","after":3,"mid":10}']);
});
