import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDiskWriter } from '../../src/journal/disk-writer.ts';
import type { Append } from '../../src/journal/disk-plan.ts';
import type { Appended, Health } from '../../src/journal/journal.ts';
import { createSignal, type Signal } from '../../src/journal/signal.ts';
import { sampleMessage } from '../contract/sample-message.ts';
import { eventually } from '../support/deadline.ts';

const limits = { dir: 'DIR', deadlineMs: 500, maxMessages: 10, maxUnits: 1000 };

/** A writer whose writes end when the test says so. */
function held() {
  const writes: { readonly calls: number; readonly end: Signal }[] = [];
  const health: Health[] = [];
  const write = async (calls: readonly Append[]): Promise<Appended[][]> => {
    const end = createSignal();
    writes.push({ calls: calls.length, end });
    await end.promise;
    return calls.map(({ messages }) => messages.map(() => ({ mid: 1, outcome: 'appended' })));
  };
  const writer = createDiskWriter(
    { write, probe: () => Promise.resolve(), onHealth: (one) => health.push(one) },
    limits,
  );
  return { writer, writes, health, add: () => writer.add([sampleMessage({ push: 'x'.repeat(100) })], '') };
}

test('a write that does not end is answered no within the deadline, and when it ends it goes on', async () => {
  const { writer, writes, health, add } = held();
  const first = add();
  const second = add();
  const late = /^Error: The journal in DIR has not been written within 500 ms\.$/;
  await Promise.all([assert.rejects(first, late), assert.rejects(second, late)]);
  assert.equal(writer.health().ok, false);
  await assert.rejects(add(), late, 'at once');
  assert.equal(writes.length, 1);

  writes[0]?.end.resolve();
  await eventually(() => (writer.health().ok ? true : undefined), 'health');
  const third = add();
  (await eventually(() => writes[1], 'the second write')).end.resolve();
  assert.equal((await third)[0]?.outcome, 'appended');
  assert.deepEqual(
    health.map(({ ok }) => ok),
    [false, true],
  );
});

test('calls are written together, within the bounds of a group', async () => {
  const { writes, add } = held();
  const calls = Array.from({ length: 26 }, add);
  for (let at = 0; at < 3; at += 1) {
    await eventually(() => writes[at], `write ${at}`);
    writes[at]?.end.resolve();
  }
  await Promise.all(calls);
  assert.deepEqual(
    writes.map((write) => write.calls),
    [10, 10, 6],
  );
});
