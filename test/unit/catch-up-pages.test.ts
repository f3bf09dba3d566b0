import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeFrames } from './fake-socket.ts';
import { LocalMailboxes } from './hub-mailboxes.ts';
import { createRun, lookMs, range, received, welcome } from './hub-run.ts';

test('a page is small, four are written in a go, and none beyond the budget of a socket that holds something', async (t) => {
  const run = createRun(t, new LocalMailboxes(), { connectionBudgetBytes: 20_000 });
  run.publishMany(1000, { push: `{"types":"notice","msg":"${'x'.repeat(1000)}","time":"t"}` });
  const peer = run.resume(0);
  // Half of the budget is the most for one page.
  assert.ok(peer.socket.writes.length === 4, `${peer.socket.writes.length} writes`);
  for (const write of peer.socket.writes) assert.ok(write.length < 11_000, `${write.length} bytes`);
  await run.pass(10_000);
  assert.equal(decodeFrames(Buffer.concat(peer.socket.writes)).length, 1001);
});

test('what waits for a socket stays within the budget, whether it was too slow or comes back', async (t) => {
  const stalling = createRun(t, new LocalMailboxes(), { connectionBudgetBytes: 20_000 });
  stalling.publishMany(1000, { push: `{"types":"notice","msg":"${'x'.repeat(1000)}","time":"t"}` });
  const slow = stalling.connect();
  slow.socket.isStalled = true;
  stalling.publishMany(1);
  stalling.hub.flush();
  const resumed = stalling.resume(0, '1');
  resumed.socket.isStalled = true;
  await stalling.pass(500);
  for (const { socket } of [slow, resumed]) {
    assert.ok(socket.writableLength <= 20_000, `${socket.writableLength} bytes wait`);
  }
});

test('many short entries come in pages of a hundred', (t) => {
  const run = createRun(t, new LocalMailboxes());
  run.publishMany(1000);
  const peer = run.resume(0);
  assert.deepEqual(
    peer.socket.writes.map((write) => decodeFrames(write).length),
    [101, 100, 100, 100],
  );
});

test('who has much to catch up does not keep the others waiting', async (t) => {
  const run = createRun(t, new LocalMailboxes());
  run.publishMany(20_000);
  const patient = [run.resume(0), run.resume(0)];
  // Every reading of the clock takes a millisecond: a look has time for about ten steps.
  Object.defineProperty(run.time, 'monotonicMs', { get: () => (readings += 1), set: () => {} });
  let readings = 0;
  const counts: number[][] = [];
  for (let look = 0; look < 4; look += 1) {
    await run.pass(lookMs);
    counts.push(patient.map((peer) => peer.socket.writes.length));
  }
  for (const [first = 0, second = 0] of counts) {
    assert.ok(Math.abs(first - second) <= 4, `${first} and ${second} pages`);
  }
  const [last = []] = counts.slice(-1);
  assert.ok((last[0] ?? 0) > 20 && (last[0] ?? 0) < 100, `${last[0]} pages in four looks`);
  await run.pass(20_000);
  for (const peer of patient) assert.deepEqual(received(peer), [welcome(20_000), ...range(1, 20_000)]);
});

test('one look catches up as much as it has time for', async (t) => {
  const run = createRun(t, new LocalMailboxes(), { connectionBudgetBytes: 1024 * 1024 });
  run.publishMany(5000);
  const peer = run.resume(0);
  await run.pass(lookMs);
  assert.equal(received(peer).length, 5001);
  assert.equal(run.hub.behind, 0);
});
