import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Admission, type AdmissionOptions } from '../../src/gateway/admission.ts';
import { createCounters } from '../../src/ops/counters.ts';
import type { Log } from '../../src/ops/log.ts';

const MIB = 1024 ** 2;

function createGuarded(t: TestContext, options: Partial<AdmissionOptions> = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const state = { nowMs: 1000, random: 0, residentBytes: 100 * MIB, looks: 0 };
  const lines: Record<string, unknown>[] = [];
  const counters = createCounters();
  const admission = new Admission(
    {
      counters,
      log: { warn: (line: Record<string, unknown>) => lines.push(line) } as unknown as Log,
      monotonicMs: () => state.nowMs,
      random: () => state.random,
      memory: {
        residentBytes: () => {
          state.looks += 1;
          return state.residentBytes;
        },
        availableBytes: 1000 * MIB,
      },
    },
    { maxHandshakes: 100, maxLagMs: 200, maxMemoryBytes: 'auto', ...options },
  );
  admission.start();
  const pass = (ms: number): void => {
    for (const endMs = state.nowMs + ms; state.nowMs < endMs; state.nowMs += 50) t.mock.timers.tick(50);
  };
  const late = (lateMs: number): void => {
    for (let look = 0; look < 4; look += 1) {
      state.nowMs += 50 + lateMs;
      t.mock.timers.tick(50);
    }
  };
  const ask = (count: number) => Array.from({ length: count }, () => admission.retryAfterSeconds());
  return { state, lines, counters, admission, pass, late, ask };
}

test('what is beyond the rate is put off, counted, and told when to come', (t) => {
  const { state, counters, ask } = createGuarded(t);
  assert.deepEqual(ask(100), Array(100).fill(undefined));
  assert.deepEqual(ask(300), [...Array(99).fill(1), ...Array(100).fill(2), ...Array(100).fill(3), 4]);
  assert.equal(counters.handshakesDeferred, 300);
  // A second is whole: half of those who are to come in 4.5 s come in 4, the others in 5.
  ask(50);
  state.random = 0.48;
  assert.deepEqual(ask(1), [4]);
  state.random = 0.5;
  assert.deepEqual(ask(1), [5]);
});

test('nobody is taken while the event loop is late, and the time to come back is spread', (t) => {
  const { state, ask, pass, late, admission } = createGuarded(t);
  late(200);
  assert.deepEqual(ask(1), [undefined], '200 ms late is not too late');
  late(201);
  assert.deepEqual(ask(1), [1]);
  state.random = 0.999;
  assert.deepEqual(ask(1), [5]);
  assert.equal(admission.lagMs(), 201);
  pass(100);
  assert.deepEqual(ask(1), [undefined]);
});

test('a lag of 0 means however late', (t) => {
  const { ask, late } = createGuarded(t, { maxLagMs: 0 });
  late(60_000);
  assert.deepEqual(ask(1), [undefined]);
});

test('nobody is taken when memory is short; it is looked at four times a second at most', (t) => {
  const { state, ask, pass } = createGuarded(t);
  state.residentBytes = 900 * MIB;
  assert.deepEqual(ask(20), Array(20).fill(undefined), 'nine tenths are in use, and may be');
  assert.equal(state.looks, 1);
  state.residentBytes += 1;
  pass(250);
  state.random = 0.5;
  assert.deepEqual(ask(20), Array(20).fill(15));
  assert.equal(state.looks, 2);
  state.residentBytes = 100 * MIB;
  pass(250);
  assert.deepEqual(ask(1), [undefined]);
});

test('the bound of memory may be said, and may be none', (t) => {
  const { ask } = createGuarded(t, { maxMemoryBytes: 99 * MIB });
  assert.deepEqual(ask(1), [1]);
  t.mock.timers.reset();
  const free = createGuarded(t, { maxMemoryBytes: 0 });
  free.state.residentBytes = 10_000 * MIB;
  assert.deepEqual(free.ask(1), [undefined]);
});

test('the log has a line when it begins, and then one in ten seconds', (t) => {
  const { lines, pass, ask } = createGuarded(t);
  ask(101);
  for (let round = 0; round < 10; round += 1) {
    pass(1000);
    ask(200);
  }
  assert.deepEqual(lines, [
    { event: 'handshakes.deferred', reason: 'rate', deferred: 1 },
    { event: 'handshakes.deferred', reason: 'rate', deferred: 901 },
  ]);
});
