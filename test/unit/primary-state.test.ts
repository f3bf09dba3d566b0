import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PrimaryHealth } from '../../src/cluster/primary-state.ts';

const SECOND = 1000;
const AFTER = 30;

/** A primary that is asked every second; times are in seconds. */
function watch() {
  let now = 0;
  const health = new PrimaryHealth(0, { failbackAfterMs: AFTER * SECOND, blindMs: 9 * SECOND });
  /** So many answers, one a second, and the changes that they made. */
  const answers = (isReady: boolean, count: number): string[] =>
    Array.from({ length: count }, () => {
      now += 1;
      return health.heard(isReady, now * SECOND) ? `${health.state} ${now}` : '';
    }).filter(Boolean);
  const sleep = (seconds: number): void => {
    now += seconds;
  };
  /** How many seconds of readiness it takes until it is well; it must be away. */
  const state = (): string => health.state;
  const patience = (): number => {
    assert.equal(state(), 'away');
    answers(true, 1);
    let count = 0;
    for (; state() !== 'well'; count += 1) answers(true, 1);
    return count;
  };
  return { health, answers, sleep, patience };
}

test('it is well when it has been ready for the whole time, and not a second sooner', () => {
  const { answers, health } = watch();
  assert.equal(health.state, 'away', 'nothing is known of it yet');
  assert.deepEqual(answers(true, AFTER), ['recovering 1']);
  assert.deepEqual(answers(true, 100), ['well 31']);
  assert.equal(health.sinceMs, 31 * SECOND);
});

test('one failed answer begins it anew, at any time', () => {
  const { answers } = watch();
  assert.deepEqual(answers(true, 29), ['recovering 1']);
  assert.deepEqual(answers(false, 1), ['away 30']);
  assert.deepEqual(answers(false, 10), []);
  assert.deepEqual(answers(true, 31), ['recovering 41', 'well 71']);
  assert.deepEqual(answers(false, 1), ['away 72']);
});

test('who flaps is waited for twice as long each time, up to sixteen times', () => {
  const { answers, patience } = watch();
  for (const times of [1, 2, 4, 8, 16, 16, 16]) {
    assert.equal(patience(), AFTER * times);
    answers(true, 5 * AFTER - 2);
    answers(false, 1);
  }
});

test('to fail before it was well is no flap', () => {
  const { answers, patience } = watch();
  for (let round = 0; round < 10; round += 1) {
    answers(true, 20);
    answers(false, 1);
  }
  assert.equal(patience(), AFTER);
});

test('after a flap a time of some length changes nothing, and a long one makes up for all', () => {
  const { answers, patience } = watch();
  let expected = AFTER;
  for (const [wellFor, times] of [
    [10, 2],
    [10, 4],
    [5 * AFTER, 4],
    [10 * AFTER - 1, 4],
    [10 * AFTER, 1],
    [6 * AFTER, 1],
    [5 * AFTER - 1, 2],
  ] as const) {
    assert.equal(patience(), expected);
    answers(true, wellFor - 1);
    answers(false, 1);
    expected = times * AFTER;
  }
  assert.equal(patience(), expected);
});

test('a backup that was stopped knows nothing of the time between: the primary has to show itself again', () => {
  const { answers, sleep, health } = watch();
  answers(true, 15);
  sleep(60);
  assert.deepEqual(answers(true, AFTER), []);
  assert.equal(health.state, 'recovering', 'one answer before and one after are not a minute of them');
  assert.deepEqual(answers(true, 1), ['well 106']);
  sleep(60);
  assert.deepEqual(answers(true, AFTER + 1), ['recovering 167', 'well 197']);
  sleep(8);
  assert.deepEqual(answers(true, 1), [], 'slow answers are no blindness');
  sleep(60);
  assert.deepEqual(answers(false, 1), ['away 267']);
  assert.deepEqual(answers(true, AFTER + 1), ['recovering 268', 'well 298'], 'and nobody has seen it flap');
});
