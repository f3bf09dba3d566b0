import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SideRun } from '../../bench/run-side.ts';
import type { Scenario, Target } from '../../bench/scenarios.ts';
import { spreadOf, summarize } from '../../bench/summary.ts';
import { run } from './bench-run-fixture.ts';

function scenario(target: Target): Scenario {
  return {
    name: 'any',
    work: 'any',
    unit: 'deliveries/s',
    figure: ({ deliveriesPerSecond }) => deliveriesPerSecond,
    subject: { server: 'tidings-list', plan: { connections: 10 } },
    peers: [{ server: 'plain-ws', plan: { connections: 10 } }],
    target,
  };
}

const sixfold = scenario({ of: 'ratio', better: 'higher', atLeast: 6, aim: 9 });

test('the median stands in the middle of odd and even counts', () => {
  assert.deepEqual(spreadOf([3, 100, 1]), { median: 3, min: 1, max: 100 });
  assert.deepEqual(spreadOf([4, 2]), { median: 3, min: 2, max: 4 });
});

test('the ratio is that of the medians; its range is that of the rounds', () => {
  const { ratio } = summarize(sixfold, [
    [run(600), run(700), run(2_000)],
    [run(100), run(50), run(200)],
  ]);
  assert.deepEqual(ratio, { median: 7, min: 6, max: 14 });
});

test('a verdict is reached from its bar on, upwards or downwards', () => {
  const verdicts = (target: Target, figures: number[]) =>
    figures.map((figure) => summarize(scenario(target), [[run(figure)], [run(100)]]).verdict);
  assert.deepEqual(verdicts(sixfold.target, [599, 600, 899, 900]), ['short', 'pass', 'pass', 'aim']);
  const atMost: Target = { of: 'ratio', better: 'lower', atLeast: 1.25, aim: 1 };
  assert.deepEqual(verdicts(atMost, [126, 125, 101, 100]), ['short', 'pass', 'pass', 'aim']);
  const figure: Target = { of: 'figure', better: 'higher', atLeast: 2_500, aim: 6_000 };
  assert.deepEqual(verdicts(figure, [2_499, 2_500, 6_000]), ['short', 'pass', 'aim']);
});

test('one invalid run of Tidings or of the peer leaves no verdict', () => {
  const lossy = () => run(5_000, {}, '7 x deliveries missing');
  for (const runsBySide of [
    [
      [run(900), lossy()],
      [run(100), run(100)],
    ],
    [
      [run(900), run(900)],
      [run(100), lossy()],
    ],
    [[{ result: undefined, invalid: 'no such server' }], [run(100)]],
  ]) {
    const { verdict, sides } = summarize(sixfold, runsBySide);
    assert.equal(verdict, 'invalid');
    assert.ok(sides.some(({ notes }) => notes.some((note) => note.includes('INVALID'))));
  }
});

test('an invalid run gives no figure', () => {
  const { sides } = summarize(sixfold, [[run(900), run(5_000, {}, 'lost some')], [run(100)]]);
  assert.equal(sides[0]?.figure.max, 900);
});

test('says when the generator was the limit, or others used the machine', () => {
  const bound = run(900, { generatorCpu: 0.95, serverCpu: 0.7 });
  const busyServer = run(900, { generatorCpu: 0.95, serverCpu: 0.9 });
  const disturbed = run(900, { foreignCpu: 0.3 });
  const notesOf = (runs: SideRun[]) => summarize(sixfold, [runs, [run(100)]]).sides[0]!.notes.join('\n');
  assert.match(notesOf([bound, busyServer]), /generator-bound \(1 of 2 runs\)/);
  assert.match(notesOf([disturbed]), /disturbed: other processes used up to 30 %/);
  assert.equal(notesOf([busyServer]), '');
  const paced = { ...sixfold, subject: { ...sixfold.subject, plan: { connections: 10, postsPerSecond: 1_000 } } };
  assert.deepEqual(summarize(paced, [[bound], [run(100)]]).sides[0]!.notes, []);
});
