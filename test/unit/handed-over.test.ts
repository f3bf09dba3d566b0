import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDirectQueue } from '../../src/queue/direct.ts';
import { createHandedQueue } from '../../src/queue/handed.ts';
import { sampleMessage, sampleMessages } from '../contract/sample-message.ts';
import { settled } from './hub-run.ts';
import { createLinkedRun, deadlineMs } from './linked-run.ts';

const all = 1_000_000_000;

test('what had expired is told to who had accepted it', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const [one, other] = [await run.fork(), await run.fork()];
  void one.journal.hand([sampleMessage({ id: 'late', expiresAtMs: 1 }), sampleMessage({ id: 'well' })]);
  void other.journal.hand([sampleMessage({ id: 'later', expiresAtMs: 1 })]);
  await run.arrive();
  assert.deepEqual(
    [one.expired, other.expired].map((messages) => messages.map(({ id }) => id)),
    [['late'], ['later']],
  );
  assert.deepEqual(await run.appended(), ['well']);
});

test('many that are handed over in a turn go in one write, and wait for it together', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const { journal, ends } = await run.fork();
  run.tick(10);
  assert.equal(journal.hand(sampleMessages(1)), undefined);
  const written = ends[0].writtenBytes;
  const waiting = sampleMessages(20).map((message) => journal.hand([message]));
  assert.equal(ends[0].writtenBytes, written);
  run.tick(0);
  assert.ok(ends[0].writtenBytes > written);
  assert.equal(new Set(waiting).size, 1);
  await waiting[0];
  await run.arrive();
  assert.equal((await run.appended()).length, 21);
});

test('nothing is accepted before the kernel has it: in time, or it is refused, and the worker is not well', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const { journal, ends } = await run.fork();
  run.tick(10);
  ends[0].roomBytes = 10;
  const direct = createDirectQueue({ journal });
  const queue = createHandedQueue({ direct, hand: (messages) => journal.hand(messages) });
  const answers: unknown[] = [];
  const accept = (): void => {
    void Promise.resolve(queue.accept(sampleMessages(1))).then((accepted) => answers.push(accepted));
  };
  // One that goes at once, and one at the end of the turn.
  accept();
  accept();
  run.tick(deadlineMs - 1);
  await settled();
  assert.deepEqual(answers, []);
  ends[0].pass(all);
  await settled();
  assert.deepEqual(answers.splice(0), [{ ok: true }, { ok: true }], 'a part of it is not enough');
  ends[0].isStuck = true;
  accept();
  accept();
  run.tick(0);
  run.tick(deadlineMs);
  await settled();
  const late = { ok: false, code: 'queue_unavailable', reason: 'The supervisor took nothing for 500 ms.' };
  assert.deepEqual(answers, [late, late]);
  assert.equal(journal.health().ok, false);
  ends[0].isStuck = false;
  await run.arrive();
  assert.deepEqual(journal.health(), { ok: true });
  assert.equal((await run.appended()).length, 4, 'what was refused late may come all the same');
});

test('a worker that stops hands over what it has accepted; one whose supervisor is gone accepts nothing', async (t) => {
  const run = createLinkedRun(t);
  await run.start();
  const [one, other] = [await run.fork(), await run.fork()];
  run.tick(10);
  one.ends[0].roomBytes = 0;
  const waiting = one.journal.hand(sampleMessages(1));
  let hasStopped = false;
  void one.journal.stop().then(() => (hasStopped = true));
  await settled();
  assert.equal(hasStopped, false);
  await run.arrive();
  await waiting;
  assert.ok(hasStopped);
  assert.equal((await run.appended()).length, 1);
  other.ends[0].roomBytes = 0;
  const lost = assert.rejects(other.journal.hand(sampleMessages(1)) ?? Promise.resolve(), /supervisor has ended/);
  other.ends[1].destroy();
  await lost;
  await assert.rejects(other.journal.hand(sampleMessages(1)) ?? Promise.resolve(), /supervisor has ended|not take/);
});
