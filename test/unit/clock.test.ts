import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClock, settleMs, type Clock } from '../../src/message/clock.ts';
import { day, hour, Machine, second, startMs } from './clock-machine.ts';

test('the machine is followed while it slews, and a step of a second at most is no event', () => {
  const machine = new Machine();
  for (let minute = 1; minute <= 120; minute += 1) {
    machine.pass(60 * second);
    machine.step(500);
    assert.equal(machine.clock.now(), machine.wallMs);
  }
  machine.step(1000);
  assert.equal(machine.clock.now(), machine.wallMs);
  assert.deepEqual(machine.steps, []);
  assert.equal(machine.uptimeReads, 1);
});

test('a small step back stops the clock until the machine is there again', () => {
  const machine = new Machine();
  machine.pass(10 * second);
  assert.equal(machine.clock.isExpired(startMs + 10 * second), true);
  machine.step(-900);
  assert.equal(machine.sinceStartMs, 10 * second);
  assert.equal(machine.clock.isExpired(startMs + 10 * second), true);
  machine.pass(900);
  assert.equal(machine.sinceStartMs, 10 * second);
  machine.pass(1);
  assert.equal(machine.sinceStartMs, 10 * second + 1);
  assert.equal(machine.clock.now(), machine.wallMs);
});

for (const byMs of [day, -day, 1001 + second, -1001 - second]) {
  test(`a step by ${byMs} ms that goes away within the minute changes nothing`, () => {
    const machine = new Machine();
    machine.pass(5 * second);
    machine.step(byMs);
    assert.equal(machine.sinceStartMs, 5 * second);
    assert.deepEqual(machine.steps, [{ byMs, adopted: false }]);
    machine.pass(settleMs - second);
    assert.equal(machine.sinceStartMs, 64 * second);
    machine.step(-byMs);
    machine.pass(10 * settleMs);
    assert.equal(machine.sinceStartMs, 664 * second);
    assert.deepEqual(machine.steps, [{ byMs, adopted: false }]);
  });

  test(`a step by ${byMs} ms that lasts is believed after the minute`, () => {
    const machine = new Machine();
    machine.pass(5 * second);
    machine.monotonicMs += 0.25;
    machine.step(byMs);
    machine.pass(settleMs);
    assert.equal(machine.sinceStartMs, 65 * second);
    machine.pass(second);
    assert.equal(machine.sinceStartMs, 66 * second + byMs);
    assert.equal(machine.clock.now(), machine.wallMs);
    assert.deepEqual(machine.steps, [
      { byMs, adopted: false },
      { byMs, adopted: true },
    ]);
  });
}

test('a step that comes back after it went away has its minute anew', () => {
  const machine = new Machine();
  machine.step(day);
  machine.pass(40 * second);
  machine.step(-day);
  machine.pass(second);
  machine.step(day);
  machine.pass(settleMs);
  assert.equal(machine.sinceStartMs, 101 * second);
  machine.pass(second);
  assert.equal(machine.sinceStartMs, 102 * second + day);
});

test('of a step that changes meanwhile, what lasted the minute is believed, and the rest has a minute of its own', () => {
  const machine = new Machine();
  machine.step(2 * hour);
  machine.pass(30 * second);
  machine.step(day);
  machine.pass(30 * second);
  assert.equal(machine.sinceStartMs, 60 * second);
  machine.pass(second);
  assert.equal(machine.sinceStartMs, 61 * second + 2 * hour);
  machine.pass(settleMs - second);
  assert.equal(machine.sinceStartMs, 120 * second + 2 * hour);
  machine.pass(second);
  assert.equal(machine.clock.now(), machine.wallMs);
  assert.deepEqual(
    machine.steps.map(({ byMs, adopted }) => [byMs, adopted]),
    [
      [2 * hour, false],
      [2 * hour, true],
      [day, false],
      [day, true],
    ],
  );
});

test('a step that shrinks is believed by what is left of it', () => {
  const machine = new Machine();
  machine.step(-day);
  machine.pass(50 * second);
  machine.step(day - hour);
  machine.pass(11 * second);
  assert.equal(machine.sinceStartMs, 61 * second - hour);
  machine.pass(10 * settleMs);
  assert.equal(machine.clock.now(), machine.wallMs);
  assert.equal(machine.steps.length, 2);
});

test('a step that turns into one to the other side has its minute anew', () => {
  const machine = new Machine();
  machine.step(day);
  machine.pass(50 * second);
  machine.step(-day - hour);
  machine.pass(settleMs);
  assert.equal(machine.sinceStartMs, 110 * second);
  machine.pass(second);
  assert.equal(machine.sinceStartMs, 111 * second - hour);
});

test('a clock that runs at twice the speed is followed some minutes behind, not left alone', () => {
  const machine = new Machine();
  for (let seconds = 0; seconds < 3600; seconds += 1) {
    machine.pass(second);
    machine.step(second);
  }
  assert.ok(machine.wallMs - machine.clock.now() < 3 * settleMs);
  assert.ok(machine.steps.length < 150, `${machine.steps.length} events`);
});

test('time slept counts at once', () => {
  const machine = new Machine();
  machine.pass(5 * second);
  machine.sleep(8 * hour);
  assert.equal(machine.sinceStartMs, 5 * second + 8 * hour);
  machine.sleep(1500);
  assert.equal(machine.clock.now(), machine.wallMs);
  assert.deepEqual(machine.steps, []);
});

test('an uptime in whole seconds is enough to know of a sleep', () => {
  const machine = new Machine(({ uptimeMs }) => Math.floor(uptimeMs / 1000));
  machine.pass(5 * second);
  machine.sleep(8 * hour + 700);
  assert.equal(machine.clock.now(), machine.wallMs);
  assert.deepEqual(machine.steps, []);
});

test('a sleep beside a step: the sleep counts at once, the step after its minute', () => {
  const machine = new Machine();
  machine.step(-day);
  machine.pass(5 * second);
  machine.sleep(30 * hour);
  assert.equal(machine.sinceStartMs, 5 * second + 30 * hour);
  machine.sleep(hour);
  machine.step(day);
  assert.equal(machine.sinceStartMs, 5 * second + 31 * hour);
  assert.equal(machine.clock.now(), machine.wallMs);
  machine.sleep(hour);
  machine.step(day);
  assert.equal(machine.sinceStartMs, 5 * second + 32 * hour);
  assert.deepEqual(machine.steps, [
    { byMs: -day, adopted: false },
    { byMs: day, adopted: false },
  ]);
});

test('an uptime that leaps explains no more than the step, and one that throws nothing', () => {
  const leaping = new Machine();
  leaping.step(hour);
  leaping.uptimeMs += 30 * day;
  assert.equal(leaping.sinceStartMs, hour);
  leaping.uptimeMs -= 60 * day;
  leaping.step(hour);
  assert.equal(leaping.sinceStartMs, hour);
  leaping.pass(second);
  assert.equal(leaping.sinceStartMs, hour + second);

  const throwing = new Machine(() => {
    throw new Error('no uptime here');
  });
  throwing.sleep(hour);
  assert.equal(throwing.sinceStartMs, 0);
  throwing.pass(settleMs);
  assert.equal(throwing.sinceStartMs, settleMs + hour);
});

test('a process stopped between the two readings sees no step', () => {
  const machine = new Machine();
  let isStopped = false;
  const clock = createClock({
    wallMs: () => {
      const wallMs = machine.wallMs;
      if (isStopped) machine.pass(5 * second);
      isStopped = false;
      return wallMs;
    },
    monotonicMs: () => machine.monotonicMs,
    newestMid: () => 0,
    onStep: () => assert.fail('a step'),
  });
  isStopped = true;
  assert.equal(Math.round(clock.now()), machine.wallMs);
  assert.equal(machine.wallMs, startMs + 5 * second);
});

test('a clock that is told the time goes by it while the machine’s is far from it, and by the machine’s when they are close', () => {
  const machine = new Machine();
  const told = (startMs: number): Clock =>
    createClock({ wallMs: () => machine.wallMs, monotonicMs: () => machine.monotonicMs, newestMid: () => 0, startMs });
  const trueMs = machine.wallMs;
  machine.wallMs += day;
  const clock = told(trueMs);
  assert.equal(clock.now(), trueMs);
  assert.equal(clock.isExpired(trueMs + second), false);
  machine.wallMs -= day;
  machine.pass(second);
  assert.equal(clock.now(), trueMs + second);
  assert.equal(told(machine.wallMs - 10).now(), machine.wallMs);
});
