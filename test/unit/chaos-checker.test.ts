import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, countMissing } from '../chaos/checker.ts';
import { describeViolations } from '../chaos/violation.ts';
import { durable, kindsOf, Scribe } from './chaos-fixture.ts';

/** Three posts to a, two of them to b, too; all are received in order, but for the frame at `without`. */
function clean(without = -1): Scribe {
  const scribe = new Scribe();
  const [a, b] = [scribe.client('a'), scribe.client('b')];
  const posts = [scribe.post(10, ['a']), scribe.post(20, ['a', 'b']), scribe.post(30, null)];
  const frames = posts.flatMap((post, index) =>
    (index === 0 ? [a] : [a, b]).map((client) => ({ client, post, index })),
  );
  for (const [at, { client, post, index }] of frames.entries()) {
    if (at !== without) scribe.frame(client, 15 + 10 * index, index + 1, post);
  }
  return scribe;
}

test('a clean history passes, and is counted', () => {
  const scribe = clean();
  const verdict = check(scribe.history, durable, scribe.settledMs);
  assert.deepEqual(verdict.violations, []);
  assert.equal(verdict.delivered, 5);
  assert.equal(verdict.reconnects, 0);
  assert.equal(verdict.delaysMs.length, 5);
  assert.equal(countMissing(scribe.history, durable, scribe.settledMs), 0);
});

test('a loss is caught, whichever frame of a clean history is missing', () => {
  for (let without = 0; without < 5; without += 1) {
    const scribe = clean(without);
    assert.deepEqual(kindsOf(scribe), ['lost']);
    assert.equal(countMissing(scribe.history, durable, scribe.settledMs), 1);
  }
});

test('a client that never came back is caught', () => {
  const scribe = new Scribe();
  scribe.fault('stay-away', 10, 10, -1);
  scribe.event(scribe.client('a'), 'close', 10);
  assert.deepEqual(kindsOf(scribe), ['never-connected']);
});

test('a violation is told with its post, its client’s history and the faults near it', () => {
  const scribe = new Scribe();
  scribe.client('a');
  scribe.post(10, ['a']);
  scribe.fault('kill-redis', 5, 20, -1);
  const { violations } = check(scribe.history, durable, scribe.settledMs);
  const text = describeViolations(violations, scribe.history);
  for (const part of [
    'lost 1',
    'post 0 id id-0 to a',
    'client 0 uid a',
    'welcome 0 resumed true',
    'fault kill-redis',
  ]) {
    assert.ok(text.includes(part), `${part} in ${text}`);
  }
});
