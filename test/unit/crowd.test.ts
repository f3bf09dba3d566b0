import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Crowd } from '../../src/cluster/crowd.ts';

/** So many writes, for each of which as many calls come within a rest as `come` says. Returns what went with each, and how many rested. */
function run(crowd: Crowd, writes: number, come: (write: number) => number) {
  const sizes: number[] = [];
  let rests = 0;
  for (let write = 0; write < writes; write += 1) {
    const most = come(write);
    let calls = 1;
    while (calls < most && !crowd.isComplete(calls)) calls += 1;
    const isRested = !crowd.isComplete(calls);
    if (isRested) rests += 1;
    crowd.wrote(calls, isRested);
    sizes.push(calls);
  }
  return { sizes, rests };
}

test('one who calls when it is answered waits for nobody, but for a trial now and then', () => {
  const { rests } = run(new Crowd(), 10_000, () => 1);
  assert.ok(rests >= 10 && rests < 60, `${rests} of 10,000`);
});

test('so many who call when they are answered go together, and wait for nobody else', () => {
  const crowd = new Crowd();
  run(crowd, 100, () => 16);
  const { sizes, rests } = run(crowd, 10_000, () => 16);
  assert.deepEqual(new Set(sizes), new Set([16]));
  assert.ok(rests >= 10 && rests < 60, `${rests} of 10,000`);
});

test('calls that come of their own accord are found out, and gathered', () => {
  const { sizes } = run(new Crowd(), 20, (write) => 5 + (write % 3));
  assert.deepEqual(sizes.slice(0, 5), [1, 2, 3, 4, 5]);
  assert.ok(sizes.slice(5).every((size) => size >= 5));
});

test('they are found out also when nobody else was there for long', () => {
  const crowd = new Crowd();
  run(crowd, 10_000, () => 1);
  const { sizes } = run(crowd, 300, () => 6);
  assert.deepEqual(sizes.slice(-6), [6, 6, 6, 6, 6, 6]);
});

test('those who have left are waited for as many times as they were', () => {
  const crowd = new Crowd();
  run(crowd, 100, () => 16);
  assert.ok(run(crowd, 100, () => 2).rests < 14 + 10);
  assert.ok(crowd.isComplete(3));
});

test('when more is written than gathered in wait, nothing is learned from it', () => {
  const crowd = new Crowd();
  run(crowd, 100, () => 16);
  for (let write = 0; write < 1000; write += 1) crowd.wrote(4, false);
  assert.equal(crowd.isComplete(15), false);
  assert.equal(crowd.isComplete(17), true);
});
