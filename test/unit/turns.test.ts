import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Turns } from '../../src/gateway/turns.ts';

test('everything is done in its order, a few milliseconds a turn, and others come in between', async () => {
  let nowMs = 0;
  const done: (number | string)[] = [];
  const turns = new Turns<number>(
    () => nowMs,
    (item) => {
      nowMs += 1;
      done.push(item);
      if (item === 3) turns.add(12);
    },
  );
  for (let item = 1; item <= 11; item += 1) turns.add(item);
  assert.equal(done.length, 0, 'nothing at once');
  for (let turn = 1; turn <= 6; turn += 1) {
    await nextTurn();
    done.push('other');
  }
  assert.deepEqual(done, [1, 2, 'other', 3, 4, 'other', 5, 6, 'other', 7, 8, 'other', 9, 10, 'other', 11, 12, 'other']);
  turns.add(13);
  await nextTurn();
  assert.equal(done.at(-1), 13, 'and it begins again');
});

test('what takes longer than a turn is done one a turn', async () => {
  let nowMs = 0;
  const done: number[] = [];
  const turns = new Turns<number>(
    () => nowMs,
    (item) => {
      nowMs += 1000;
      done.push(item);
    },
  );
  for (const item of [1, 2]) turns.add(item);
  await nextTurn();
  assert.deepEqual(done, [1]);
  await nextTurn();
  assert.deepEqual(done, [1, 2]);
});

test('what is done is not held, also while there is always more', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let nowMs = 0;
  let isEnding = false;
  const turns = new Turns<object>(
    () => nowMs,
    () => {
      nowMs += 1000;
      if (!isEnding) turns.add({});
    },
  );
  const first = ((): WeakRef<object> => {
    const item = {};
    turns.add(item);
    return new WeakRef(item);
  })();
  turns.add({});
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  collect();
  assert.equal(first.deref(), undefined);
  isEnding = true;
});
