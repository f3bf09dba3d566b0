import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchHeaderBytes, LinkBatch } from '../../src/cluster/link-frames.ts';
import { roundMs, Rounds } from '../../src/cluster/link-rounds.ts';
import { sampleMessage, sampleMessages } from '../contract/sample-message.ts';
import { createLinkedRun } from './linked-run.ts';

const all = 1_000_000_000;

test('who is handed over by one worker and then by another comes in this order, whichever is read first', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const [one, other] = [await run.fork(), await run.fork()];
  const ids = ['first', 'second', 'third', 'fourth'];
  for (const [index, id] of ids.entries()) {
    run.tick(1);
    const { journal } = index % 2 === 0 ? one : other;
    assert.equal(journal.hand([sampleMessage({ id })]), undefined, 'the kernel has it');
  }
  for (const { ends } of [other, one]) ends[0].pass(all);
  await run.serve();
  assert.deepEqual(await run.appended(), ids);
});

test('what was written after a round began waits for the next, in which what is older is read', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const [one, other] = [await run.fork(), await run.fork()];
  run.tick(10);
  void one.journal.hand([sampleMessage({ id: 'before' })]);
  one.ends[0].pass(all);
  // In the round, when everything was read that was there at its beginning: one more by each, of which only the later was read.
  setImmediate(() => {
    run.later(1);
    void one.journal.hand([sampleMessage({ id: 'older' })]);
    run.later(1);
    void other.journal.hand([sampleMessage({ id: 'newer' })]);
    other.ends[0].pass(all);
  });
  await run.serve();
  assert.deepEqual(await run.appended(), ['before']);
  one.ends[0].pass(all);
  run.tick(roundMs);
  await run.serve();
  assert.deepEqual(await run.appended(), ['before', 'older', 'newer']);
});

test('the last words of a worker that dies in a round are heeded in the next', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const { journal, ends } = await run.fork(['a']);
  run.tick(10);
  void journal.hand([sampleMessage({ id: 'before' })]);
  ends[0].pass(all);
  setImmediate(() => {
    run.later(1);
    void journal.hand([sampleMessage({ id: 'last' })]);
    ends[0].destroy();
    ends[0].pass(all);
  });
  await run.serve();
  run.tick(roundMs);
  await run.serve();
  assert.deepEqual(await run.appended(), ['before', 'last']);
  assert.equal(run.server.uids, 0);
});

test('who wants to be caught up in a round is in the next', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const [one, other] = [await run.fork(), await run.fork()];
  run.tick(10);
  one.journal.acknowledge('a', 1);
  run.tick(0);
  let known: Promise<readonly string[]> | undefined;
  setImmediate(() =>
    setImmediate(() => {
      run.later(1);
      void other.journal.hand([sampleMessage({ id: 'meanwhile' })]);
      known = run.server.caughtUp().then(run.appended);
    }),
  );
  one.ends[0].pass(all);
  await run.serve();
  assert.deepEqual(await known, ['meanwhile']);
});

test('a rest that ends while a round is to begin begins none of its own', async () => {
  const events: string[] = [];
  const batch = new LinkBatch(Buffer.alloc(batchHeaderBytes), 0, batchHeaderBytes);
  const link = { arrived: [batch], isAsking: false, isWithin: false, rest: () => {} };
  let caughtUp = (): void => {};
  const isCaughtUp = new Promise<void>((resolve) => (caughtUp = resolve));
  const rounds = new Rounds({
    links: [link],
    machineMs: () => events.push('begin'),
    onBatch: () => true,
    onRound(isHanding) {
      events.push('end');
      // It and the rest begin at one time and last as long: both end in one turn of the timers, this one first.
      if (isHanding) setTimeout(() => void rounds.caughtUp().then(caughtUp), roundMs);
    },
  });
  rounds.arrived();
  await isCaughtUp;
  assert.deepEqual(events, ['begin', 'end', 'begin', 'end']);
  rounds.stop();
});

test('what is asked for in the same write comes after what was handed over', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const { journal } = await run.fork();
  run.tick(10);
  void journal.hand([sampleMessage({ id: 'one' })]);
  void journal.hand([sampleMessage({ id: 'two' })]);
  const found = [journal.find('two')];
  void journal.hand([sampleMessage({ id: 'three' })]);
  found.push(journal.find('three'));
  await run.arrive();
  assert.deepEqual(
    (await Promise.all(found)).map((each) => each?.message?.id),
    ['two', 'three'],
  );
});

test('under load there is a round now and then; what is asked for ends the rest at once', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const [one, other] = [await run.fork(['a']), await run.fork()];
  run.tick(10);
  const hand = async (id: string): Promise<readonly string[]> => {
    void other.journal.hand([sampleMessage({ id, uids: ['a'] })]);
    other.ends[0].pass(all);
    await run.serve();
    return run.appended();
  };
  const writes = run.server.counts()[0]?.writes ?? 0;
  assert.deepEqual(await hand('1'), ['1'], 'after a quiet time at once');
  assert.deepEqual(await hand('2'), ['1']);
  run.tick(roundMs - 1);
  assert.deepEqual(await hand('3'), ['1']);
  run.tick(1);
  await run.serve();
  assert.deepEqual(await run.appended(), ['1', '2', '3']);
  assert.equal(run.server.counts()[0]?.writes, writes + 2, 'each round is one write');
  await hand('4');
  const caughtUp = run.server.caughtUp();
  await run.serve();
  await caughtUp;
  assert.deepEqual(await run.appended(), ['1', '2', '3', '4']);
  one.ends[1].pass(all);
  assert.equal(one.told.length, 4);
});

test('who asks is read while others rest; when nothing more comes, all are', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const [one, other, idle] = [await run.fork(), await run.fork(), await run.fork()];
  const resting = () => [one, other, idle].map(({ ends }) => ends[0].isResting);
  run.tick(10);
  idle.journal.acknowledge('a', 1);
  await run.arrive();
  assert.deepEqual(resting(), [false, false, false], 'nothing was handed over');
  const acked = one.journal.ackedBy(['a']);
  void other.journal.hand(sampleMessages(1));
  run.tick(0);
  for (const { ends } of [one, other]) ends[0].pass(all);
  await run.serve();
  assert.deepEqual(resting(), [false, true, true]);
  one.ends[1].pass(all);
  assert.deepEqual(await acked, [1]);
  run.tick(roundMs);
  await run.serve();
  assert.deepEqual(resting(), [false, false, false]);
});

test('who is in the middle of much is read on, and is answered when it is taken', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const [one, other] = [await run.fork(), await run.fork()];
  run.tick(10);
  one.ends[0].roomBytes = 1000;
  const taken = one.journal.hand([sampleMessage({ id: 'large', push: 'x'.repeat(10_000) })]);
  void other.journal.hand([sampleMessage({ id: 'small' })]);
  other.ends[0].pass(all);
  // Its end is still to come when the round is over.
  one.ends[0].isStuck = true;
  setImmediate(() => {
    one.ends[0].isStuck = false;
    one.ends[0].pass(1000);
    one.ends[0].isStuck = true;
  });
  await run.serve();
  assert.deepEqual(
    [one, other].map(({ ends }) => ends[0].isResting),
    [false, true],
  );
  one.ends[0].isStuck = false;
  one.ends[0].pass(all);
  await taken;
  await run.serve();
  assert.deepEqual(await run.appended(), ['small', 'large']);
});

test('what a worker has handed over is appended when it is dead, also when it does not take what it is told', async (t) => {
  const run = createLinkedRun(t, { maxWaitingBytes: 2000 });
  await run.start();
  const [one, other] = [await run.fork(['a']), await run.fork()];
  run.tick(10);
  void other.journal.hand([sampleMessage({ id: 'dead' })]);
  other.ends[0].destroy();
  run.tick(1);
  await run.journal.append([sampleMessage({ id: 'large', uids: ['a'], push: 'x'.repeat(3000) })]);
  assert.deepEqual(run.broken, ['1: it does not take what it is told']);
  void one.journal.hand([sampleMessage({ id: 'stuck' })]);
  one.ends[0].destroy();
  for (const { ends } of [one, other]) ends[0].pass(all);
  await run.serve();
  assert.deepEqual(await run.appended(), ['large', 'dead', 'stuck']);
  assert.equal(run.server.counts().length, 0, 'and then both are forgotten');
  assert.equal(run.server.uids, 0);
});
