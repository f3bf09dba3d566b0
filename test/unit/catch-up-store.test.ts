import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createRun, lookMs, range, received, settled, welcome, type RunOptions } from './hub-run.ts';
import { SlowMailboxes } from './hub-slow-store.ts';

function createStoreRun(t: TestContext, tailMessages: number, options: RunOptions = {}) {
  const kept = { messages: 1000, bytes: 10_000_000, mailboxMessages: 1000, broadcastMessages: 1000 };
  const mailboxes = new SlowMailboxes(kept, tailMessages);
  const run = createRun(t, mailboxes, options);
  return {
    ...run,
    /** Into the store; the instance is told later. */
    append(count: number): void {
      mailboxes.append(Array.from({ length: count }, () => run.entry()));
    },
    tell(count: number): void {
      run.hub.publish(mailboxes.tell(count));
      run.hub.flush();
    },
    async answer(): Promise<void> {
      mailboxes.questions.shift()?.answer();
      await settled();
    },
    async fail(): Promise<void> {
      mailboxes.questions.shift()?.fail();
      await settled();
    },
  };
}

test('what this process no longer holds is read from the store, the rest from here', async (t) => {
  const run = createStoreRun(t, 50);
  run.append(300);
  run.tell(300);
  const peer = run.resume(10);
  assert.deepEqual(received(peer), []);
  assert.equal(run.mailboxes.questions.length, 1);
  await run.answer();
  assert.deepEqual(received(peer), [welcome(300), ...range(11, 110)]);
  await run.pass(100);
  assert.equal(run.mailboxes.asked.store, 2, 'one question at a time');
  await run.answer();
  await run.answer();
  assert.deepEqual(received(peer).slice(1), range(11, 300));
  assert.equal(run.hub.behind, 0);
});

test('a page is wanted until its connection is closed', (t) => {
  const run = createStoreRun(t, 50);
  run.append(300);
  run.tell(300);
  const peer = run.resume(10);
  const [question] = run.mailboxes.questions;
  assert.equal(question?.isWanted(), true);
  run.hub.handOver(peer.connection, 0);
  assert.equal(question?.isWanted(), false);
});

test('one who was given more than the instance was told waits until the instance knows it, and gets nothing twice', async (t) => {
  const run = createStoreRun(t, 5);
  run.append(20);
  run.tell(20);
  run.append(10);
  const bystander = run.connect();
  const peer = run.resume(12);
  await run.answer();
  assert.deepEqual(received(peer), [welcome(30), ...range(13, 30)]);
  await run.pass(400);
  assert.equal(run.mailboxes.asked.store, 1, 'it is not asked all the time');
  run.tell(9);
  await run.pass(lookMs);
  assert.equal(run.hub.behind, 1);
  run.append(2);
  run.tell(2);
  assert.deepEqual(received(bystander), range(21, 31));
  assert.deepEqual(received(peer).slice(1), range(13, 30));
  await run.pass(lookMs);
  assert.equal(run.hub.behind, 0);
  run.tell(1);
  assert.deepEqual(received(peer).slice(1), range(13, 32));
});

test('an instance that is never told of it asks the store again, now and then', async (t) => {
  const run = createStoreRun(t, 5);
  run.append(9);
  run.tell(9);
  run.append(1);
  const peer = run.resume(0);
  await run.answer();
  assert.equal(received(peer).length, 11);
  run.append(1);
  await run.pass(500);
  assert.equal(run.mailboxes.questions.length, 1);
  await run.answer();
  assert.deepEqual(received(peer).slice(1), range(1, 11));
});

test('a store that fails is asked again after a while; the connection loses nothing and is not given up', async (t) => {
  const run = createStoreRun(t, 5, { behindTimeoutMs: 100 });
  run.append(20);
  run.tell(20);
  const peer = run.resume(2);
  for (let failures = 1; failures <= 20; failures += 1) {
    assert.equal(run.mailboxes.asked.store, failures);
    await run.fail();
    await run.pass(480);
    assert.equal(run.mailboxes.questions.length, 0, 'not at once');
    await run.pass(40);
  }
  assert.deepEqual(received(peer), []);
  await run.answer();
  assert.deepEqual(received(peer), [welcome(20), ...range(3, 20)]);
  assert.deepEqual(peer.socket.closes, []);
});

test('an answer that comes for one who has gone, or who is closing, harms nothing', async (t) => {
  const run = createStoreRun(t, 5);
  run.append(20);
  run.tell(20);
  const [gone, closing] = [run.resume(2), run.resume(2, '2')];
  run.hub.remove(gone.connection);
  closing.socket.close(1000, '');
  await run.answer();
  await run.fail();
  await run.pass(1000);
  assert.deepEqual([received(gone), received(closing)], [[], []]);
  assert.equal(run.mailboxes.asked.store, 2);
  run.hub.remove(closing.connection);
  assert.equal(run.hub.size, 0);
});

test('an answer for which there is no room any more is asked for again', async (t) => {
  const run = createStoreRun(t, 5);
  run.append(20);
  run.tell(20);
  const peer = run.resume(2);
  peer.socket.writableLength = 100_000;
  await run.answer();
  assert.deepEqual(received(peer), []);
  await run.pass(600);
  assert.equal(run.mailboxes.asked.store, 1, 'not while there is no room');
  peer.socket.writableLength = 0;
  await run.pass(600);
  await run.answer();
  assert.deepEqual(received(peer), [welcome(20), ...range(3, 20)]);
});

test('a store that was lost has no such number: not resumed, and told the newest', async (t) => {
  const run = createStoreRun(t, 5);
  run.append(3);
  run.tell(3);
  const peer = run.resume(1_000_000);
  await run.answer();
  assert.deepEqual(received(peer), [welcome(3, false)]);
  assert.equal(run.hub.behind, 0);
});
