import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Pace } from '../../src/hub/pace.ts';

/** A pace on a clock and an event loop that the test moves; a fan-out takes `flushMs` of that clock, no more at a time than it may. */
function createRun({ mock }: TestContext) {
  const run = { nowMs: 0, flushMs: 0, leftMs: 0, flushes: [] as number[], slices: [] as number[] };
  let immediates: (() => void)[] = [];
  let timers: { readonly atMs: number; readonly fire: () => void }[] = [];
  mock.method(globalThis, 'setImmediate', (fire: () => void) => void immediates.push(fire));
  mock.method(globalThis, 'setTimeout', (fire: () => void, ms: number) => {
    timers.push({ atMs: run.nowMs + ms, fire });
  });
  const pace = new Pace({
    monotonicMs: () => run.nowMs,
    fanOut(untilMs) {
      if (run.leftMs === 0) {
        run.flushes.push(run.nowMs);
        run.leftMs = run.flushMs;
      }
      const tookMs = Math.min(run.leftMs, untilMs - run.nowMs);
      run.slices.push(tookMs);
      run.nowMs += tookMs;
      run.leftMs -= tookMs;
      return run.leftMs === 0;
    },
  });
  /** The next turn of the event loop, after `ms` in which nothing happened. */
  const turn = (ms = 0): void => {
    run.nowMs += ms;
    const due = timers.filter(({ atMs }) => atMs <= run.nowMs);
    timers = timers.filter(({ atMs }) => atMs > run.nowMs);
    const now = immediates;
    immediates = [];
    for (const fire of [...due.map((timer) => timer.fire), ...now]) fire();
  };
  return {
    run,
    pace,
    turn,
    /** Turns in which nothing else happens, until the fan-out is over. */
    finish(): void {
      do turn();
      while (run.leftMs > 0);
    },
    /** How many turns and times wait: with none, nothing will ever happen by itself. */
    waiting: () => immediates.length + timers.length,
  };
}

test('a flush after a quiet time comes at the end of the turn, once', (t) => {
  const { run, pace, turn, waiting } = createRun(t);
  for (let calls = 0; calls < 5; calls += 1) pace.schedule();
  assert.deepEqual(run.flushes, [], 'not within the turn');
  turn();
  assert.deepEqual(run.flushes, [0]);
  assert.equal(waiting(), 0);
  turn(1000);
  pace.schedule();
  turn();
  assert.deepEqual(run.flushes, [0, 1000]);
});

test('a long fan-out takes turns of 2 ms, and what else is to be done has its time between them', (t) => {
  const { run, pace, turn, waiting } = createRun(t);
  run.flushMs = 5;
  pace.schedule();
  turn();
  turn(100);
  turn(100);
  assert.deepEqual(run.slices, [2, 2, 1]);
  assert.deepEqual(run.flushes, [0]);
  assert.equal(waiting(), 0);
});

test('what is asked for during a fan-out follows it, after the rest', (t) => {
  const { run, pace, turn, finish } = createRun(t);
  run.flushMs = 12;
  pace.schedule();
  turn();
  pace.schedule();
  finish();
  assert.deepEqual(run.flushes, [0]);
  turn();
  turn(2);
  assert.deepEqual(run.flushes, [0], 'a quarter of 12 ms has not passed');
  turn(1);
  assert.deepEqual(run.flushes, [0, 15]);
});

test('one fan-out right after another rests first, in proportion to all of the first', (t) => {
  const { run, pace, turn, finish } = createRun(t);
  run.flushMs = 40;
  pace.schedule();
  finish();
  pace.schedule();
  turn();
  pace.schedule();
  turn(9);
  assert.deepEqual(run.flushes, [0], 'a quarter of 40 ms has not passed');
  turn(1);
  assert.deepEqual(run.flushes, [0, 50]);
});

test('a long fan-out is followed by a rest of at most 20 ms', (t) => {
  const { run, pace, turn, finish } = createRun(t);
  run.flushMs = 1000;
  pace.schedule();
  finish();
  pace.schedule();
  turn();
  turn(19);
  assert.equal(run.flushes.length, 1);
  turn(1);
  assert.deepEqual(run.flushes, [0, 1020]);
});

test('a rest that is over is not waited for', (t) => {
  const { run, pace, turn, finish } = createRun(t);
  run.flushMs = 40;
  pace.schedule();
  finish();
  turn(10);
  pace.schedule();
  turn();
  assert.deepEqual(run.flushes, [0, 50]);
});

test('a rest below a millisecond, which no timer can wait, is not taken', (t) => {
  const { run, pace, turn, waiting } = createRun(t);
  run.flushMs = 2;
  pace.schedule();
  turn();
  pace.schedule();
  turn();
  assert.equal(run.flushes.length, 2);
  assert.equal(waiting(), 0);
});

test('who asks all the time starves nobody: flushes go on', (t) => {
  const { run, pace, turn, waiting } = createRun(t);
  run.flushMs = 8;
  for (let step = 0; step < 1000; step += 1) {
    pace.schedule();
    assert.ok(waiting() > 0, 'what was asked for is under way');
    turn(1);
  }
  const { flushes } = run;
  assert.ok(flushes.length > 65, `${flushes.length} flushes`);
  for (const [index, atMs] of flushes.slice(1).entries()) {
    // Three of them between its four slices.
    const restedMs = atMs - (flushes[index] ?? 0) - run.flushMs - 3;
    assert.ok(restedMs >= 1 && restedMs <= 4, `rested ${restedMs} ms`);
  }
});
