import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LocalMailboxes } from './hub-mailboxes.ts';
import { createRun, gap, lookMs, range, received, welcome } from './hub-run.ts';

const tooSlow = [{ code: 1013, reason: 'too slow' }];
const notKept = [{ code: 1013, reason: 'what was missed is no longer kept' }];

test('one who comes back is welcomed, gets what it missed in order, then what comes', (t) => {
  const run = createRun(t, new LocalMailboxes());
  run.publishMany(5);
  run.publish(run.entry({ uids: ['1', '2'] }), run.entry({ uids: ['2'] }), run.entry({ type: 'other' }));
  run.hub.flush();
  const peer = run.resume(2);
  assert.deepEqual(received(peer), [welcome(8), 3, 4, 5, 6], 'at once, and nothing that is for others');
  assert.equal(run.hub.behind, 0);
  run.publishMany(2);
  run.hub.flush();
  assert.deepEqual(received(peer).slice(5), [9, 10]);
  assert.deepEqual([run.counters.replayed, run.counters.delivered], [4, 6]);
});

test('one who comes back in the middle of a turn gets that turn once', (t) => {
  const run = createRun(t, new LocalMailboxes());
  const bystander = run.connect();
  run.publishMany(3);
  run.publish(run.entry({ uids: ['1'] }));
  const peer = run.resume(1);
  assert.deepEqual(received(peer), [welcome(4), 2, 3, 4]);
  run.publish(run.entry({ uids: ['1'] }), run.entry());
  run.hub.flush();
  assert.deepEqual(received(peer), [welcome(4), 2, 3, 4, 5, 6]);
  assert.deepEqual(received(bystander), range(1, 6));
});

test('a cursor that the journal never gave is not resumed: it is told the newest', async (t) => {
  const run = createRun(t, new LocalMailboxes());
  run.publishMany(3);
  const peer = run.resume(Number.MAX_SAFE_INTEGER);
  assert.deepEqual(received(peer), [], 'what this instance was told is not enough to know that');
  await run.pass(lookMs);
  assert.deepEqual(received(peer), [welcome(3, false)]);
  run.publishMany(1);
  run.hub.flush();
  assert.deepEqual(received(peer).slice(1), [4]);
});

test('a cursor older than what is kept is not resumed, and gets what is kept', (t) => {
  const run = createRun(t, new LocalMailboxes({ messages: 3 }));
  run.publishMany(10);
  assert.deepEqual(received(run.resume(6)), [welcome(10, false), 8, 9, 10]);
  assert.deepEqual(received(run.resume(7)), [welcome(10), 8, 9, 10]);
});

test('what is kept of a cut mailbox comes', (t) => {
  const run = createRun(t, new LocalMailboxes({ mailboxMessages: 2 }));
  run.publishMany(1);
  run.publishMany(3, { uids: ['1'] });
  run.publishMany(50);
  run.publishMany(3, { uids: ['1'] });
  const all = run.resume(0, '1');
  assert.deepEqual(received(all), [welcome(57, false), 1, ...range(5, 54), 56, 57]);
});

test('a cut mailbox that takes many pages is told of as a gap once, and not closed', (t) => {
  const paged = createRun(t, new LocalMailboxes({ mailboxMessages: 2 }));
  paged.publishMany(250);
  paged.publishMany(4, { uids: ['1'] });
  const peer = paged.resume(0);
  assert.deepEqual(received(peer), [welcome(254, false), ...range(1, 250), 253, 254]);
  assert.deepEqual(peer.socket.closes, []);
  assert.equal(paged.hub.behind, 0);
});

test('one that was told of a gap is told again when more is dropped before it was read', async (t) => {
  const run = createRun(t, new LocalMailboxes({ messages: 1000 }));
  run.publishMany(1500);
  const peer = run.resume(0);
  assert.equal(received(peer)[0], welcome(1500, false));
  peer.socket.writableLength = 1;
  const before = received(peer).length;
  run.publishMany(900);
  peer.socket.writableLength = 0;
  await run.pass(lookMs);
  assert.deepEqual(received(peer).slice(before), [gap(500 + before - 1, 2400), ...range(1401, 2400)]);
  assert.deepEqual(peer.socket.closes, []);
});

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

test('what has expired meanwhile is not replayed, neither to one who comes back nor to one that was too slow', async (t) => {
  const run = createRun(t, new LocalMailboxes());
  const slow = run.connect();
  slow.socket.writableLength = 100_000;
  run.publish(run.entry({ expiresAtMs: 2000 }), run.entry({ expiresAtMs: 9000 }), run.entry());
  run.hub.flush();
  run.time.nowMs = 2000;
  slow.socket.writableLength = 0;
  await run.pass(lookMs);
  assert.deepEqual(received(slow), [2, 3]);
  assert.deepEqual(received(run.resume(0)), [welcome(3), 2, 3]);
});

test('what was retracted is not replayed; the retraction is, but not to a plain connection', async (t) => {
  const run = createRun(t, new LocalMailboxes());
  const [plain, live, livePlain] = [run.connect('plain'), run.connect('tracked'), run.connect('plain')];
  plain.socket.writableLength = 100_000;
  run.publishMany(3);
  run.hub.flush();
  run.mailboxes.log.retract(2);
  const push = '{"event":"retract","id":"i2"}';
  run.publish(run.entry({ retracts: 2, push }), run.entry({ retracts: 2, push, uids: ['1'] }));
  run.hub.flush();
  plain.socket.writableLength = 0;
  await run.pass(lookMs);
  assert.deepEqual(received(plain), [1, 3]);
  const events = [`{"mid":4,${push.slice(1)}`, `{"mid":5,${push.slice(1)}`];
  assert.deepEqual(received(run.resume(0)), [welcome(5), 1, 3, ...events]);
  assert.deepEqual(received(live), [1, 2, 3, ...events]);
  assert.deepEqual(received(livePlain), [1, 2, 3]);
});

test('types that are chosen while it is behind hold for all that is still to be caught up', async (t) => {
  const run = createRun(t, new LocalMailboxes());
  const peer = run.connect('tracked', '1', ['a']);
  peer.socket.writableLength = 100_000;
  run.publish(run.entry({ type: 'a' }), run.entry({ type: 'b' }));
  run.hub.flush();
  run.hub.setTypes(peer.connection, ['b']);
  peer.socket.writableLength = 0;
  await run.pass(lookMs);
  run.publish(run.entry({ type: 'a' }), run.entry({ type: 'b' }));
  run.hub.flush();
  assert.deepEqual(received(peer), [2, 4]);
  const every = run.resume(0, '1', ['*']);
  assert.deepEqual(received(every), [welcome(4), 1, 2, 3, 4]);
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

test('receipts count a connection once, whether it was live, too slow or came back', async (t) => {
  const run = createRun(t, new LocalMailboxes());
  run.connect();
  const slow = run.connect();
  slow.socket.writableLength = 100_000;
  run.publishMany(1);
  assert.deepEqual(run.hub.receipt(1), { matched: 2, written: 0 });
  run.hub.flush();
  run.publishMany(1);
  run.hub.flush();
  assert.deepEqual(run.hub.receipt(1), { matched: 2, written: 1 });
  assert.deepEqual(run.hub.receipt(2), { matched: 1, written: 1 });
  slow.socket.writableLength = 0;
  await run.pass(lookMs);
  run.resume(1);
  assert.deepEqual(run.hub.receipt(1), { matched: 2, written: 2 });
  assert.deepEqual(run.hub.receipt(2), { matched: 3, written: 3 });
  assert.equal(run.hub.receipt(3), undefined);
});

test('nothing runs while nobody is behind', async (t) => {
  const run = createRun(t, new LocalMailboxes());
  const peer = run.connect();
  peer.socket.writableLength = 100_000;
  run.publishMany(1);
  run.hub.flush();
  const clear = t.mock.method(globalThis, 'clearInterval');
  await run.pass(100);
  assert.equal(clear.mock.callCount(), 0);
  peer.socket.writableLength = 0;
  await run.pass(100);
  assert.ok(clear.mock.callCount() > 0);
  const asked = run.mailboxes.asked.tail;
  await run.pass(1000);
  assert.equal(run.mailboxes.asked.tail, asked);
});
