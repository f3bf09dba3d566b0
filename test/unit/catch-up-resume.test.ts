import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LocalMailboxes } from './hub-mailboxes.ts';
import { createRun, gap, lookMs, range, received, welcome } from './hub-run.ts';

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
