import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { linkKinds, LinkReader } from '../../src/cluster/link-frames.ts';
import { enoughBytes, enoughFrames, LinkWriter, restMs } from '../../src/cluster/link-writer.ts';

/** A writer on a clock and timers of the test; each write is told as the numbers in its frames. */
function createRun({ mock }: TestContext) {
  mock.timers.enable({ apis: ['setImmediate', 'setTimeout'] });
  let nowMs = 1000;
  const writes: number[][] = [];
  const rests: boolean[] = [];
  const outlet = {
    writableLength: 0,
    write(bytes: Uint8Array): boolean {
      const numbers: number[] = [];
      new LinkReader((batch) => batch.read((body) => numbers.push(body.count()))).push(Buffer.from(bytes));
      writes.push(numbers);
      return true;
    },
    on: () => {},
    end: () => {},
    destroy: () => {},
  };
  const writer = new LinkWriter(outlet, () => nowMs, { onWrite: (isRested) => void rests.push(isRested) });
  return {
    writer,
    writes,
    rests,
    soon: (...numbers: number[]) => {
      for (const number of numbers) writer.begin(linkKinds.head).count(number).endSoon();
    },
    now: (number: number) => writer.begin(linkKinds.answer).count(number).end(),
    pass(ms: number): void {
      nowMs += ms;
      mock.timers.tick(ms);
    },
  };
}

test('after a quiet time nothing waits longer than the turn', (t) => {
  const { soon, pass, writes, rests } = createRun(t);
  soon(1, 2);
  assert.deepEqual(writes, []);
  pass(0);
  assert.deepEqual(writes, [[1, 2]]);
  pass(restMs);
  soon(3);
  pass(0);
  assert.deepEqual(writes, [[1, 2], [3]]);
  assert.deepEqual(rests, [false, false]);
});

test('what may rest goes at the end of the rest after the write before it, in one write', (t) => {
  const { soon, pass, writes, rests } = createRun(t);
  soon(1);
  pass(0);
  soon(2);
  pass(restMs - 1);
  soon(3);
  pass(0);
  assert.deepEqual(writes, [[1]]);
  pass(1);
  assert.deepEqual(writes, [[1], [2, 3]]);
  assert.deepEqual(rests, [false, true]);
});

test('the rest is counted from the last write, also when there was one meanwhile', (t) => {
  const { soon, now, pass, writes } = createRun(t);
  soon(1);
  pass(0);
  soon(2);
  pass(1);
  now(3);
  pass(0);
  assert.deepEqual(writes, [[1], [2, 3]]);
  soon(4);
  pass(restMs - 1);
  assert.equal(writes.length, 2, 'the first rest is over, the second is not');
  pass(1);
  assert.deepEqual(writes[2], [4]);
});

test('what cannot wait takes along what rests, in order, at the end of the turn', (t) => {
  const { soon, now, pass, writes, rests } = createRun(t);
  soon(1);
  pass(0);
  soon(2, 3);
  now(4);
  soon(5);
  assert.equal(writes.length, 1);
  pass(0);
  assert.deepEqual(writes[1], [2, 3, 4, 5]);
  assert.deepEqual(rests, [false, false]);
  pass(10 * restMs);
  assert.equal(writes.length, 2);
});

test('what is enough for a write does not rest: so many frames, or so many bytes', (t) => {
  const { writer, soon, pass, writes } = createRun(t);
  const many = Array.from({ length: enoughFrames - 1 }, (_, index) => index);
  soon(0);
  pass(0);
  soon(...many);
  pass(0);
  assert.equal(writes.length, 1);
  soon(99);
  pass(0);
  assert.deepEqual(writes[1], [...many, 99]);
  writer.begin(linkKinds.head).count(7).text('x'.repeat(enoughBytes)).endSoon();
  pass(0);
  assert.deepEqual(writes[2], [7]);
});

test('a write is hurried only when there is something to write', (t) => {
  const { writer, soon, pass, writes } = createRun(t);
  writer.hurry();
  pass(0);
  assert.equal(writes.length, 0);
  soon(1);
  pass(0);
  soon(2);
  writer.hurry();
  pass(0);
  assert.deepEqual(writes, [[1], [2]]);
});
