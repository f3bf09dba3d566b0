import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Machine } from '../../bench/machine.ts';
import { check } from '../chaos/checker.ts';
import { toMarkdown } from '../chaos/report.ts';
import { scenarios } from '../chaos/scenarios.ts';
import { setups } from '../chaos/setups.ts';
import { summarize, together, type RunResult } from '../chaos/summary.ts';
import { Scribe } from './chaos-fixture.ts';

/** A run of reconnect-storm on the list queue in which one message that can expire was delivered. */
function held(): Scribe {
  const scribe = new Scribe();
  const client = scribe.client('a');
  scribe.frame(client, 12, 1, scribe.post(10, ['a'], { expiresAtMs: 3_000 }));
  scribe.fault('reconnect-storm', 20_000, 20_000, -1);
  scribe.fault('stay-away', 20_000, 21_000, -1);
  scribe.post(21_500, ['nobody']);
  return scribe;
}

function resultOf({ history, settledMs }: Scribe): RunResult {
  const setup = setups.list;
  return summarize({
    name: 'reconnect-storm',
    scenario: scenarios['reconnect-storm'],
    setup,
    seed: 5,
    size: { clients: 10, requestsPerSecond: 10, roundMs: 10_000 },
    rounds: 3,
    sinceMs: 0,
    history,
    verdict: check(history, setup.rules, settledMs),
  });
}

test('a run in which everything held and every fault happened has no failure, and its figures', () => {
  const result = resultOf(held());
  assert.equal(result.failure, '');
  assert.deepEqual(result.faults, { 'reconnect-storm': 1, 'stay-away': 1 });
  assert.deepEqual([result.accepted, result.delivered, result.lost, result.judgedExpiring], [2, 1, 0, 1]);
  assert.equal(result.acceptsAgainMs, 502);
});

test('a run in which a fault of its scenario did not happen fails', () => {
  const scribe = held();
  scribe.history.faults.pop();
  assert.match(resultOf(scribe).failure, /these faults did not happen: stay-away/);
});

test('a run in which nothing was delivered fails, though nothing was lost either', () => {
  const { failure } = resultOf(new Scribe());
  assert.match(failure, /nothing was delivered/);
  assert.match(failure, /no message with a near expiry was judged/);
});

test('a failed run says how to run its last round again, what is broken and what was done', () => {
  const scribe = held();
  scribe.post(30_000, ['a']);
  const { failure, lost } = resultOf(scribe);
  assert.equal(lost, 1);
  assert.match(failure, /--only=reconnect-storm --setup=list --seed=7 --clients=10 --rate=10 --round=10s/);
  assert.match(failure, /broken: lost 1/);
  assert.match(failure, /all faults:\n {2}\d+\.\d\d to \d+\.\d\d s reconnect-storm/);
});

test('two deployments of one run: counts are added, the longer times told, every failure kept', () => {
  const broken = held();
  broken.post(30_000, ['a']);
  const [one, next] = [resultOf(held()), resultOf(broken)];
  const sum = together(one, next);
  assert.deepEqual([sum.rounds, sum.accepted, sum.delivered, sum.lost], [6, 5, 2, 1]);
  assert.deepEqual(sum.faults, { 'reconnect-storm': 2, 'stay-away': 2 });
  assert.equal(sum.acceptsAgainMs, Math.max(one.acceptsAgainMs, next.acceptsAgainMs));
  assert.equal(sum.failure, next.failure);
  assert.equal(together(next, one).failure, next.failure);
});

test('the report tells what held and what did not', () => {
  const machine: Machine = {
    date: '2026-01-02T03:04:05.678Z',
    cpu: 'a processor',
    cores: 2,
    memoryGib: 8,
    kernel: 'Linux',
    node: 'v20',
    packages: {},
    redis: '7',
    openFilesLimit: 1_024,
    pinning: '',
  };
  const broken = held();
  broken.post(30_000, ['a']);
  const text = toMarkdown({ machine, runs: [resultOf(held()), resultOf(broken)] });
  assert.match(text, /\| reconnect-storm \| list \|.*\| \*\*0\*\* \| 0 \| held \| 5 \|/);
  assert.match(text, /\| reconnect-storm \| list \|.*\| \*\*1\*\* \| 0 \| BROKEN \| 5 \|/);
  assert.match(text, /broken: lost 1/);
});
