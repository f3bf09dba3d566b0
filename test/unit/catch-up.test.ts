import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LocalMailboxes } from './hub-mailboxes.ts';
import { createRun, lookMs, received, welcome } from './hub-run.ts';

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
