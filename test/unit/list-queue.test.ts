import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Appended, Journal } from '../../src/journal/journal.ts';
import type { Message } from '../../src/message/message.ts';
import { createListQueue } from '../../src/queue/list.ts';
import { sampleMessage } from '../contract/sample-message.ts';

let made = 0;

function messages(count: number): Message[] {
  return Array.from({ length: count }, () => {
    made += 1;
    return sampleMessage({ id: `i${made}` });
  });
}

/** A queue on a journal that takes a group only when the test lets it. */
function createRun(maxWaiting = 100) {
  const groups: (readonly Message[])[] = [];
  const answers: {
    readonly take: (appended?: readonly Appended[]) => void;
    readonly refuse: (error: Error) => void;
  }[] = [];
  const lost: { readonly messages: readonly Message[]; readonly error: unknown }[] = [];
  const health = { ok: false, reason: 'of the journal' } as const;
  const journal = {
    append(group: readonly Message[]) {
      groups.push(group);
      return new Promise((resolve, reject) =>
        answers.push({ take: (appended = []) => resolve(appended), refuse: reject }),
      );
    },
    health: () => health,
  } as unknown as Journal;
  const queue = createListQueue(
    { journal, onLost: (group, error) => lost.push({ messages: group, error }) },
    { maxWaiting },
  );
  return { queue, groups, answers, lost, health };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('accepting answers at once, and what comes in one turn is one group', async () => {
  const { queue, groups } = createRun();
  const [a, b, c] = messages(3);
  assert.ok(a && b && c);
  assert.deepEqual(queue.accept([a]), { ok: true });
  assert.deepEqual(queue.accept([b, c]), { ok: true });
  assert.deepEqual(groups, []);
  await turn();
  assert.deepEqual(groups, [[a, b, c]]);
});

test('while a group is under way the next one gathers, in order', async () => {
  const { queue, groups, answers } = createRun();
  const [a, b, c] = messages(3);
  assert.ok(a && b && c);
  void queue.accept([a]);
  await turn();
  void queue.accept([b]);
  await turn();
  void queue.accept([c]);
  await turn();
  assert.equal(groups.length, 1);
  answers[0]?.take();
  await turn();
  assert.deepEqual(groups, [[a], [b, c]]);
});

test('a stop waits for what was accepted', async () => {
  const { queue, groups, answers } = createRun();
  const [a, b] = messages(2);
  assert.ok(a && b);
  void queue.accept([a]);
  let isStopped = false;
  const stopped = queue.stop().then(() => (isStopped = true));
  await turn();
  void queue.accept([b]);
  answers[0]?.take();
  await turn();
  assert.equal(isStopped, false);
  answers[1]?.take();
  await stopped;
  assert.deepEqual(groups, [[a], [b]]);
  await createRun().queue.stop();
});

test('what the journal refuses is lost and told, and what comes after goes on', async () => {
  const { queue, groups, answers, lost } = createRun();
  const [a, b] = messages(2);
  assert.ok(a && b);
  void queue.accept([a]);
  await turn();
  const error = new Error('planted');
  answers[0]?.refuse(error);
  await turn();
  assert.deepEqual(lost, [{ messages: [a], error }]);
  assert.deepEqual(queue.accept([b]), { ok: true });
  await turn();
  assert.deepEqual(groups, [[a], [b]]);
});

test('a full queue takes nothing of a batch, and takes again when it has handed on', async () => {
  const { queue, groups, answers } = createRun(3);
  void queue.accept(messages(2));
  const refused = queue.accept(messages(2));
  assert.ok(!(refused instanceof Promise) && !refused.ok);
  assert.equal(refused.code, 'queue_full');
  assert.match(refused.reason, /More than 3 accepted messages wait/);
  assert.deepEqual(queue.accept(messages(1)), { ok: true });
  await turn();
  assert.equal(groups[0]?.length, 3);
  assert.deepEqual(queue.accept(messages(3)), { ok: true });
  answers[0]?.take();
});

test('its health is the journal’s, and it promises nothing that it cannot keep', () => {
  const { queue, health } = createRun();
  assert.equal(queue.health(), health);
  assert.deepEqual(queue.guarantees, { survivesProcess: false, manyInstances: false, schedules: false });
  assert.equal(queue.backlog, null);
});

test("a caller's id is answered after its append, alone and in its place", async () => {
  const { queue, groups, answers } = createRun();
  const [a, b, c, d] = messages(4);
  assert.ok(a && b && c && d);
  const [named, other] = [
    { ...b, fingerprint: 'f' },
    { ...c, fingerprint: 'g' },
  ];
  void queue.accept([a]);
  const first = queue.accept([named]);
  const second = queue.accept([other, c]);
  void queue.accept([d]);
  assert.ok(first instanceof Promise && second instanceof Promise);
  await turn();
  answers[0]?.take();
  await turn();
  answers[1]?.take([{ mid: 5, outcome: 'duplicate' }]);
  assert.deepEqual(await first, { ok: true });
  await turn();
  answers[2]?.take([
    { mid: 0, outcome: 'conflict' },
    { mid: 0, outcome: 'refused' },
  ]);
  const refused = await second;
  assert.ok(!refused.ok && refused.code === 'id_conflict');
  assert.deepEqual(refused.conflicts, [0]);
  await turn();
  assert.deepEqual(groups, [[a], [named], [other, c], [d]]);
});
