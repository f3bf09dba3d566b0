import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkKinds } from '../../src/cluster/link-frames.ts';
import { LinkWriter, restMs } from '../../src/cluster/link-writer.ts';
import { sampleMessage, sampleMessages } from '../contract/sample-message.ts';
import { createLinkPair } from './link-pipe.ts';
import { createLinkedRun, deadlineMs } from './linked-run.ts';

test('a broadcast crosses to each worker once, and a turn in one write, however many uids they hold', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const [one, other] = [await run.fork(['a', 'b', 'c']), await run.fork(['a', 'd'])];
  const before = run.server.counts();
  await run.journal.append(sampleMessages(20, { uids: null }));
  await run.arrive();
  for (const [index, { frames, writes, entries }] of run.server.counts().entries()) {
    assert.equal(entries - (before[index]?.entries ?? 0), 20);
    assert.equal(frames - (before[index]?.frames ?? 0), 20);
    assert.equal(writes - (before[index]?.writes ?? 0), 1);
  }
  assert.deepEqual([one.told.length, other.told.length], [20, 20]);
  assert.equal(run.server.counts().length, 2);
});

test('what is for uids goes to the workers that watch one of them, with these uids alone', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const [one, other, third] = [await run.fork(['a', 'b']), await run.fork(['b', 'c']), await run.fork(['z'])];
  await run.journal.append([
    sampleMessage({ uids: ['a'] }),
    sampleMessage({ uids: ['c', 'b', 'a', 'nobody'] }),
    sampleMessage({ uids: ['nobody'] }),
  ]);
  await run.arrive();
  const toldOf = ({ told }: typeof one) => told.map(({ message: { uids } }) => uids?.join());
  assert.deepEqual([toldOf(one), toldOf(other), toldOf(third)], [['a', 'b,a'], ['c,b'], []]);
  one.journal.unwatch('a');
  await run.arrive();
  await run.journal.append([sampleMessage({ uids: ['a'] }), sampleMessage({ uids: ['b'] })]);
  await run.arrive();
  assert.deepEqual([toldOf(one).slice(2), toldOf(other).slice(1)], [['b'], ['b']]);
});

test('posts of one turn go to the supervisor in one write, and are answered in their order', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const worker = await run.fork();
  run.tick(1);
  const before = worker.ends[0].writtenBytes;
  const appends = sampleMessages(30).map((message) => worker.journal.append([message]));
  assert.equal(worker.ends[0].writtenBytes, before, 'nothing goes before the end of the turn');
  run.tick(0);
  const bytes = worker.ends[0].onTheWayBytes;
  await run.arrive();
  const mids = (await Promise.all(appends)).map(([appended]) => appended?.mid ?? 0);
  assert.deepEqual(
    mids,
    [...mids].sort((a, b) => a - b),
  );
  assert.ok(bytes > 30 * 100);
  assert.deepEqual(worker.told, [], 'and are told to nobody who does not watch');
});

test('a post waits for the answers to those before it, if these do not take long, and goes with those that came meanwhile', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const { journal, ends } = await run.fork();
  const written = (): number => {
    run.tick(0);
    return ends[0].writtenBytes;
  };
  run.tick(10);
  const start = written();
  void journal.append(sampleMessages(1));
  const first = written() - start;
  assert.ok(first > 0, 'a lone post does not wait');
  void journal.append(sampleMessages(1));
  void journal.append(sampleMessages(1));
  assert.equal(written(), start + first);
  ends[0].pass(1_000_000);
  await run.serve();
  ends[1].pass(1_000_000);
  const second = written() - start - first;
  assert.ok(second > 1.5 * first, 'both went when the first was answered');
  void journal.append(sampleMessages(1));
  assert.equal(written(), start + first + second);
  run.tick(restMs);
  assert.ok(written() > start + first + second, 'nobody waits longer than a rest');
  await run.arrive();
});

test('who posts when it is answered is kept waiting for others that do not come only now and then', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const { journal, ends } = await run.fork();
  let waits = 0;
  for (let post = 0; post < 300; post += 1) {
    const appended = journal.append(sampleMessages(1));
    run.tick(0);
    if (ends[0].onTheWayBytes === 0) {
      waits += 1;
      run.tick(restMs);
    }
    ends[0].pass(1_000_000);
    await run.serve();
    ends[1].pass(1_000_000);
    assert.equal((await appended)[0]?.outcome, 'appended');
  }
  assert.ok(waits > 0 && waits < 20, `${waits} of 300`);
});

test('entries for a worker that waits for nothing rest, and go ahead of its next answer', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const { journal, ends, told } = await run.fork(['a']);
  const append = async (): Promise<void> => {
    await run.journal.append([sampleMessage({ uids: ['a'] })]);
    run.tick(0);
  };
  const writes = (): number => run.server.counts()[0]?.writes ?? 0;
  run.tick(10);
  const before = writes();
  await append();
  assert.equal(writes(), before + 1, 'after a quiet time at once');
  await append();
  await append();
  assert.equal(writes(), before + 1);
  const asked = journal.ackedBy(['a']).then(() => told.length);
  run.tick(restMs - 1);
  ends[0].pass(1_000_000);
  await run.serve();
  assert.equal(writes(), before + 2);
  ends[1].pass(1_000_000);
  assert.equal(await asked, 3);
  await append();
  run.tick(restMs);
  assert.equal(writes(), before + 3, 'no longer than a rest');
});

test('who is answered knows of everything that the answer speaks of, however the bytes are cut', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const worker = await run.fork();
  await run.journal.append(sampleMessages(3));
  let heads: readonly number[] | undefined;
  void worker.journal.mailbox('1', 0, { entries: 10, bytes: 10_000 }).then(({ through }) => {
    heads = [through, worker.journal.head()];
  });
  run.tick(0);
  worker.ends[0].pass(1000);
  await run.serve();
  for (let round = 0; round < 2000 && heads === undefined; round += 1) {
    run.tick(0);
    worker.ends[1].pass(1);
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
  }
  assert.equal(heads?.[0], run.journal.head());
  assert.equal(heads?.[1], run.journal.head());
});

test('an idle worker hears of the newest mid and of the health of the journal', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const worker = await run.fork(['a']);
  await run.journal.append(sampleMessages(2, { uids: ['b'] }));
  await run.arrive();
  assert.ok(worker.journal.head() < run.journal.head());
  run.tick(250);
  await run.arrive();
  assert.equal(worker.journal.head(), run.journal.head());
  run.setHealth({ ok: false, reason: 'The disk is full.' });
  run.tick(250);
  await run.arrive();
  assert.deepEqual(worker.journal.health(), { ok: false, reason: 'The disk is full.' });
  run.setHealth({ ok: true });
  run.tick(250);
  await run.arrive();
  assert.deepEqual(worker.journal.health(), { ok: true });
});

test('a worker that takes nothing is cut off before much waits for it; the others are told on', async (t) => {
  const run = createLinkedRun(t, { maxWaitingBytes: 10_000 });
  await run.start();
  const [stuck, well] = [await run.fork(['a']), await run.fork(['a'])];
  const push = `"${'x'.repeat(1000)}"`;
  for (let round = 0; round < 20; round += 1) {
    await run.journal.append([sampleMessage({ uids: ['a'], push })]);
    run.tick(1);
    well.ends[1].pass(1_000_000);
  }
  assert.deepEqual(run.broken, ['1: it does not take what it is told']);
  run.tick(1);
  for (const { ends } of [well, stuck]) ends[1].pass(1_000_000);
  assert.ok(stuck.ends[1].isClosed && !well.ends[1].isClosed);
  assert.equal(well.told.length, 20);
  assert.equal(stuck.lost, 1);
});

test('what it watched is forgotten, a part at a time, when a worker is gone; others are told meanwhile', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const uids = Array.from({ length: 12_000 }, (_, index) => `u${index}`);
  const [one, other] = [await run.fork(uids), await run.fork(['u11999'])];
  const sizes = new Set<number>();
  const look = (): void => {
    sizes.add(run.server.uids);
    if (run.server.uids === 7000) void run.journal.append([sampleMessage({ uids: ['u11999'] })]);
    if (run.server.uids > 1) setImmediate(look);
  };
  look();
  one.ends[1].destroy();
  run.tick(0);
  assert.deepEqual([...sizes], [12_000, 7000, 2000, 1]);
  await run.arrive();
  assert.equal(other.told.length, 1);
});

test('who speaks nonsense is cut off, and not heeded any more', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const [worker, supervisor] = createLinkPair();
  run.server.accept(supervisor);
  const writer = new LinkWriter(worker.outlet, () => 0);
  writer.begin(linkKinds.hello).count(7).end();
  writer.begin(99).end();
  writer.begin(linkKinds.watch).count(1).text('a').end();
  writer.flush();
  writer.begin(linkKinds.watch).count(2).text('b').end();
  writer.flush();
  worker.pass(1_000_000);
  await run.serve();
  assert.match(run.broken[0] ?? '', /^7: .*kind 99/);
  assert.ok(worker.isClosed);
  assert.equal(run.server.uids, 0);
});

test('a supervisor that does not answer is a failure within the deadline, and well again once it answers', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const { journal, ends } = await run.fork();
  const [message] = sampleMessages(1);
  assert.ok(message !== undefined);
  const late = assert.rejects(journal.append([message]), /no answer within 500 ms/);
  const watch = journal.watch('a');
  assert.ok(watch !== undefined);
  const unwatched = assert.rejects(watch, /no answer within 500 ms/);
  run.tick(deadlineMs);
  await Promise.all([late, unwatched]);
  assert.equal(journal.health().ok, false);
  assert.equal(ends[0].isClosed, false);
  await run.arrive();
  assert.deepEqual(journal.health(), { ok: true }, 'the late answers show that it lives');
  assert.equal(run.server.uids, 0, 'what nobody waits for is not watched');
  const again = journal.append([{ ...message, id: 'again' }]);
  await run.arrive();
  assert.equal((await again)[0]?.outcome, 'appended');
});

test('when the link ends, what is under way fails at once and the worker is told so, once', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const worker = await run.fork();
  const failed = assert.rejects(worker.journal.append(sampleMessages(1)), /supervisor has ended/);
  worker.ends[1].destroy();
  await failed;
  assert.deepEqual([worker.lost, worker.journal.health().ok], [1, false]);
  await assert.rejects(worker.journal.append(sampleMessages(1)), /supervisor has ended/);
});

test('a worker that stops waits for its answers, and is not lost', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const worker = await run.fork();
  const append = worker.journal.append(sampleMessages(1));
  const stopped = worker.journal.stop();
  await run.arrive();
  assert.equal((await append)[0]?.outcome, 'appended');
  await stopped;
  assert.equal(worker.lost, 0);
});
