import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LocalMailboxes } from './hub-mailboxes.ts';
import { createRun, gap, lookMs, range, received, welcome } from './hub-run.ts';

const tooSlow = [{ code: 1013, reason: 'too slow' }];
const notKept = [{ code: 1013, reason: 'what was missed is no longer kept' }];

test('one that is too slow holds nothing, and gets everything once it reads again, tracked or plain', async (t) => {
  const run = createRun(t, new LocalMailboxes());
  const [slow, plain, healthy] = [run.connect('tracked', '1'), run.connect('plain', '2'), run.connect('tracked', '3')];
  run.publishMany(3);
  run.hub.flush();
  for (const { socket } of [slow, plain]) socket.writableLength = 100_000;
  run.publishMany(2);
  run.publish(run.entry({ uids: ['1'] }), run.entry({ uids: ['2'] }));
  run.hub.flush();
  run.publishMany(300);
  run.hub.flush();
  await run.pass(200);
  for (const peer of [slow, plain]) {
    assert.deepEqual(received(peer), [1, 2, 3]);
    assert.equal(peer.connection.turn, null);
    assert.equal(peer.connection.cohort, null);
    peer.socket.writableLength = 0;
  }
  assert.equal(run.hub.behind, 2);
  await run.pass(lookMs);
  assert.deepEqual(received(slow), [...range(1, 6), ...range(8, 307)]);
  assert.deepEqual(received(plain), [...range(1, 5), ...range(7, 307)]);
  run.publishMany(1);
  run.hub.flush();
  for (const peer of [slow, plain, healthy]) assert.equal(received(peer).at(-1), 308);
  assert.deepEqual(received(healthy), [...range(1, 5), ...range(8, 308)]);
  assert.deepEqual([run.counters.fellBehind, run.counters.tooSlow, run.hub.behind], [2, 0, 0]);
});

test('one that came in the middle of a turn and is too slow for it gets nothing twice', async (t) => {
  const run = createRun(t, new LocalMailboxes());
  run.connect();
  run.publishMany(2);
  const newcomer = run.connect();
  const resumed = run.resume(1);
  for (const { socket } of [newcomer, resumed]) socket.writableLength = 100_000;
  run.publishMany(2);
  run.hub.flush();
  assert.equal(run.hub.behind, 2);
  for (const { socket } of [newcomer, resumed]) socket.writableLength = 0;
  await run.pass(lookMs);
  assert.deepEqual(received(newcomer), [3, 4]);
  assert.deepEqual(received(resumed), [welcome(2), 2, 3, 4]);
});

test('one for which what it missed is no longer kept is closed with 1013, once', async (t) => {
  const run = createRun(t, new LocalMailboxes({ messages: 10 }));
  const peers = [run.connect('tracked'), run.connect('plain')];
  for (const { socket } of peers) socket.writableLength = 100_000;
  run.publishMany(1);
  run.hub.flush();
  run.publishMany(10);
  for (const { socket } of peers) socket.writableLength = 0;
  await run.pass(5000);
  for (const peer of peers) {
    assert.deepEqual(peer.socket.closes, notKept);
    assert.deepEqual(received(peer), []);
  }
  assert.equal(run.counters.tooSlow, 2);
});

test('one whose number the journal has lost is closed with 1013', async (t) => {
  const run = createRun(t, new LocalMailboxes());
  const peer = run.connect();
  run.publishMany(5);
  run.hub.flush();
  peer.socket.writableLength = 100_000;
  run.publishMany(1);
  run.hub.flush();
  run.mailboxes.log.startAt(2);
  peer.socket.writableLength = 0;
  await run.pass(lookMs);
  assert.deepEqual(peer.socket.closes, notKept);
});

test('one that takes nothing for the time-out is closed with 1013, and counted once while its socket is closing', async (t) => {
  const run = createRun(t, new LocalMailboxes(), { behindTimeoutMs: 1000 });
  const peer = run.connect();
  peer.socket.writableLength = 100_000;
  run.publishMany(1);
  run.hub.flush();
  await run.pass(1000);
  assert.deepEqual(peer.socket.closes, []);
  await run.pass(5000);
  assert.deepEqual(peer.socket.closes, tooSlow);
  assert.equal(run.counters.tooSlow, 1);
  run.hub.remove(peer.connection);
  assert.equal(run.hub.behind, 0);
});

test('one that takes a little now and then is left alone, also when its socket counts only whole writes', async (t) => {
  const run = createRun(t, new LocalMailboxes(), { behindTimeoutMs: 1000 });
  const [byBytes, byWrites, dead] = [run.connect(), run.connect(), run.connect()];
  for (const { socket } of [byBytes, byWrites, dead]) socket.writableLength = 100_000;
  const handle = { writeQueueSize: 90_000 };
  Object.assign(byWrites.socket, { _handle: handle });
  run.publishMany(1);
  run.hub.flush();
  for (let second = 0; second < 30; second += 1) {
    for (const { connection } of [byBytes, byWrites, dead]) connection.isHeard = false;
    byBytes.socket.writableLength -= 1000;
    handle.writeQueueSize -= 1000;
    await run.pass(900);
    assert.equal(byBytes.connection.isHeard, true, 'the heartbeat is told that it lives');
    assert.equal(byWrites.connection.isHeard, true);
    assert.equal(dead.connection.isHeard, false);
  }
  assert.deepEqual(
    [byBytes, byWrites, dead].map(({ socket }) => socket.closes.length),
    [0, 0, 1],
  );
  for (const { socket } of [byBytes, byWrites]) socket.writableLength = 0;
  handle.writeQueueSize = 0;
  await run.pass(lookMs);
  assert.deepEqual([byBytes, byWrites].map(received), [[1], [1]]);
});

test('a gap of the whole instance is told to tracked connections, and closes those who cannot be told', async (t) => {
  const run = createRun(t, new LocalMailboxes());
  const [tracked, plain, full, behind] = [
    run.connect(),
    run.connect('plain'),
    run.connect('tracked', '2'),
    run.connect(),
  ];
  behind.socket.writableLength = 100_000;
  run.publishMany(2, { uids: ['1'] });
  full.socket.writableLength = 99_990;
  run.mailboxes.log.startAt(10);
  run.hub.gap(2, 10);
  assert.deepEqual(received(tracked), [1, 2, gap(2, 10)]);
  assert.deepEqual(received(plain), [1, 2]);
  assert.equal(full.socket.closes[0]?.code, 1013, 'it is not left in the belief that nothing is missing');
  behind.socket.writableLength = 0;
  await run.pass(lookMs);
  assert.deepEqual(behind.socket.closes, notKept);
  assert.equal(run.counters.tooSlow, 2);
});
