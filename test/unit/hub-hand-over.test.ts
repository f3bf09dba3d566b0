import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRun, range, received, welcome } from './hub-run.ts';
import { LocalMailboxes } from './hub-mailboxes.ts';

const closed = [{ code: 1012, reason: 'the server hands over' }];
const reconnect = (afterMs: number): string => `{"event":"reconnect","after_ms":${afterMs}}`;

test('one that goes has all that was published, is told to reconnect if it is tracked, and is closed; the others stay', (t) => {
  const { hub, connect, publishMany, counters } = createRun(t, new LocalMailboxes());
  const tracked = connect('tracked', '1');
  const plain = connect('plain', '2');
  const stays = connect('tracked', '3');
  publishMany(3);
  publishMany(1, { uids: ['1'] });
  hub.handOver(tracked.connection, 250);
  hub.handOver(plain.connection, 250);
  assert.deepEqual(received(tracked), [...range(1, 4), reconnect(250)]);
  assert.deepEqual(received(plain), range(1, 3));
  assert.deepEqual([tracked.socket.closes, plain.socket.closes], [closed, closed]);
  publishMany(2);
  hub.flush();
  assert.deepEqual(received(stays), [...range(1, 3), 5, 6]);
  assert.equal(tracked.socket.texts.length, 5, 'nothing after its close frame');
  assert.equal(counters.delivered, 4 + 3 + 5, 'nor counted');
  assert.equal(hub.size, 3, 'it is here until its socket has closed');
  hub.remove(tracked.connection);
  assert.equal(hub.size, 2);
});

test('one that came in the same turn gets what was published since, and no more', (t) => {
  const { hub, connect, publishMany } = createRun(t, new LocalMailboxes());
  connect();
  publishMany(2);
  const late = connect();
  publishMany(1);
  hub.handOver(late.connection, 0);
  assert.deepEqual(received(late), [3, reconnect(0)]);
});

test('one that is behind is only closed: its client knows what it has', async (t) => {
  const { hub, connect, publishMany, resume, pass } = createRun(t, new LocalMailboxes(), {
    connectionBudgetBytes: 500,
  });
  const slow = connect();
  slow.socket.isStalled = true;
  for (let turn = 0; turn < 10; turn += 1) {
    publishMany(4);
    hub.flush();
  }
  assert.equal(hub.behind, 1);
  const writes = slow.socket.writes.length;
  hub.handOver(slow.connection, 0);
  assert.equal(slow.socket.writes.length, writes);
  assert.deepEqual(slow.socket.closes, closed);
  slow.socket.writableLength = 0;
  await pass(100);
  assert.equal(slow.socket.writes.length, writes, 'and not caught up any more');

  const back = resume(35);
  hub.handOver(back.connection, 10);
  assert.deepEqual(received(back), [welcome(40), ...range(36, 40), reconnect(10)]);
});

test('one whose socket takes nothing is closed without the event', (t) => {
  const { hub, connect } = createRun(t, new LocalMailboxes(), { connectionBudgetBytes: 500 });
  const full = connect();
  full.socket.writableLength = 490;
  hub.handOver(full.connection, 0);
  assert.equal(full.socket.writes.length, 0);
  assert.deepEqual(full.socket.closes, closed);
});

test('asked again while its client has not answered yet, it is not told again', (t) => {
  const { hub, connect } = createRun(t, new LocalMailboxes());
  const peer = connect();
  hub.handOver(peer.connection, 1);
  hub.handOver(peer.connection, 2);
  assert.deepEqual(received(peer), [reconnect(1)]);
});
