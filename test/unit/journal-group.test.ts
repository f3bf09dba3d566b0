import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGroups, DeadlineError } from '../../src/journal/group.ts';
import type { Message } from '../../src/message/message.ts';
import { sampleMessage, sampleMessages } from '../contract/sample-message.ts';
import { within } from '../support/deadline.ts';

const limits = { maxMessages: 10, maxBytes: 10_000, deadlineMs: 60_000 };

/** Sends groups when the test says so. */
function createSender() {
  const groups: (readonly Message[])[] = [];
  const gates: (() => void)[] = [];
  let isOpen = false;
  return {
    groups,
    async send(messages: readonly Message[]): Promise<readonly string[]> {
      groups.push(messages);
      if (!isOpen) await new Promise<void>((resolve) => gates.push(resolve));
      return messages.map(({ id }) => id);
    },
    open(): void {
      isOpen = true;
      for (const gate of gates.splice(0)) gate();
    },
    sizes: () => groups.map((group) => group.length),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what is called while a group is on its way goes with the next one, in the order of the calls', async () => {
  const sender = createSender();
  const groups = createGroups(sender.send, limits);
  const messages = sampleMessages(8);
  const first = groups.add(messages.slice(0, 1));
  await turn();
  const rest = messages.slice(1).map((message) => groups.add([message]));
  await turn();
  assert.deepEqual(sender.sizes(), [1]);
  sender.open();
  const answers = await Promise.all([first, ...rest]);
  assert.deepEqual(
    answers,
    messages.map(({ id }) => [id]),
  );
  assert.deepEqual(sender.groups, [messages.slice(0, 1), messages.slice(1)]);
});

test('calls of one turn go together', async () => {
  const sender = createSender();
  sender.open();
  const groups = createGroups(sender.send, limits);
  await Promise.all(sampleMessages(7).map((message) => groups.add([message])));
  assert.deepEqual(sender.sizes(), [7]);
});

test('a group is bounded in messages and in bytes, and a call is never split', async () => {
  const sender = createSender();
  sender.open();
  const groups = createGroups(sender.send, limits);
  const calls = [4, 4, 4, 25, 1, 1].map((count) => sampleMessages(count));
  const large = [3000, 3000, 3000, 50_000, 1].map((length) => [sampleMessage({ push: 'x'.repeat(length) })]);
  const answers = await Promise.all([...calls, ...large].map((call) => groups.add(call)));
  assert.deepEqual(sender.sizes(), [8, 4, 25, 2 + 3, 1, 1]);
  assert.deepEqual(
    answers,
    [...calls, ...large].map((call) => call.map(({ id }) => id)),
  );
});

test('a failed group fails its own calls only', async () => {
  let isFirst = true;
  const groups = createGroups(
    (messages) => {
      if (!isFirst) return Promise.resolve(messages.map(({ id }) => id));
      isFirst = false;
      return Promise.reject(new Error('refused'));
    },
    { ...limits, maxMessages: 1 },
  );
  const [one, two] = [groups.add([sampleMessage()]), groups.add([sampleMessage({ id: 'two' })])];
  await assert.rejects(one, /refused/);
  assert.deepEqual(await two, ['two']);
});

test('every call is answered within the deadline, also those that wait behind one without an answer', async () => {
  const sender = createSender();
  const groups = createGroups(sender.send, { ...limits, maxMessages: 1, deadlineMs: 20 });
  const calls = sampleMessages(5).map((message) => groups.add([message]));
  const answers = await within(Promise.allSettled(calls), 'an answer to each call');
  for (const answer of answers) {
    assert.ok(answer.status === 'rejected' && answer.reason instanceof DeadlineError);
  }
  await within(groups.idle(), 'the end of all groups');
});

test('idle waits for what is on its way', async () => {
  const sender = createSender();
  const groups = createGroups(sender.send, limits);
  await groups.idle();
  const answer = groups.add(sampleMessages(1));
  let isIdle = false;
  const idle = groups.idle().then(() => (isIdle = true));
  await turn();
  await turn();
  assert.equal(isIdle, false);
  sender.open();
  await idle;
  await answer;
});
