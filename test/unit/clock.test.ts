import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClock, settleMs, type Clock, type ClockStep } from '../../src/message/clock.ts';

const startMs = Date.UTC(2026, 10, 21, 12);
const second = 1000;
const hour = 3_600_000;
const day = 24 * hour;

/** A machine whose clocks the test owns, and a clock on it. */
class Machine {
  wallMs = startMs;
  monotonicMs = 12_345.678;
  uptimeMs = 987_650;
  newestMid = 100;
  uptimeReads = 0;
  readonly steps: ClockStep[] = [];
  readonly clock: Clock;

  constructor(uptimeSeconds?: (machine: Machine) => number) {
    this.clock = createClock({
      wallMs: () => this.wallMs,
      monotonicMs: () => this.monotonicMs,
      uptimeSeconds: () => {
        this.uptimeReads += 1;
        return uptimeSeconds === undefined ? this.uptimeMs / 1000 : uptimeSeconds(this);
      },
      newestMid: () => this.newestMid,
      onStep: (step) => this.steps.push(step),
    });
  }

  /** Time passes, and somebody asks for it once a second. */
  pass(forMs: number): void {
    for (let leftMs = forMs; leftMs > 0; leftMs -= second) {
      const partMs = Math.min(leftMs, second);
      this.wallMs += partMs;
      this.monotonicMs += partMs;
      this.uptimeMs += partMs;
      this.clock.now();
    }
  }

  /** Real time passes and monotonic time stands still. */
  sleep(forMs: number): void {
    this.wallMs += forMs;
    this.uptimeMs += forMs;
  }

  step(byMs: number): void {
    this.wallMs += byMs;
  }

  /** What the clock says, from the start on. */
  get sinceStartMs(): number {
    return Math.round(this.clock.now() - startMs);
  }
}

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

test('a message expires at its instant, not before; one without an instant never', () => {
  const { clock } = new Machine();
  assert.equal(clock.isExpired(startMs + 1), false);
  assert.equal(clock.isExpired(startMs), true);
  assert.equal(clock.isExpired(startMs - 1, 101), true);
  assert.equal(clock.isExpired(0), false);
  assert.equal(clock.isExpired(0, 1), false);
});

test('a step forward that is not believed drops nothing, and what is due meanwhile is dropped', () => {
  const machine = new Machine();
  machine.step(day);
  assert.equal(machine.clock.isExpired(startMs + hour, 100), false);
  machine.pass(30 * second);
  assert.equal(machine.clock.isExpired(startMs + 31 * second, 100), false);
  assert.equal(machine.clock.isExpired(startMs + 30 * second, 100), true);
});

test('a step back that is not believed revives nothing, and what is due meanwhile is dropped', () => {
  const machine = new Machine();
  machine.step(-day);
  assert.equal(machine.clock.isExpired(startMs - 1, 100), true);
  machine.pass(30 * second);
  assert.equal(machine.clock.isExpired(startMs + 30 * second), true);
  assert.equal(machine.clock.isExpired(startMs + 31 * second), false);
});

test('what was dead before a step back was believed stays dead; what comes later goes by the new time', () => {
  const machine = new Machine();
  machine.step(-day);
  machine.newestMid = 200;
  machine.pass(settleMs + second);
  machine.newestMid = 300;
  const { clock } = machine;
  const lastMs = startMs + settleMs + second;
  assert.equal(machine.clock.now(), lastMs - day);
  assert.equal(clock.isExpired(lastMs, 200), true);
  assert.equal(clock.isExpired(startMs - hour, 100), true);
  assert.equal(clock.isExpired(lastMs + 1, 200), false);
  assert.equal(clock.isExpired(0, 200), false);
  assert.equal(clock.isExpired(lastMs, 201), false);
  assert.equal(clock.isExpired(lastMs - day + 1, 201), false);
  assert.equal(clock.isExpired(lastMs - day, 201), true);
  assert.equal(clock.isExpired(lastMs), false);
  machine.pass(2 * day);
  assert.equal(clock.isExpired(lastMs + 1, 200), true);
});

test('each of two steps back keeps its dead', () => {
  const machine = new Machine();
  machine.step(-day);
  machine.pass(settleMs + second);
  machine.newestMid = 200;
  machine.pass(hour);
  machine.step(-hour);
  machine.pass(settleMs + second);
  const { clock } = machine;
  const firstMs = startMs + settleMs + second;
  const secondMs = firstMs - day + hour + settleMs + second;
  assert.equal(clock.now(), secondMs - hour);
  assert.equal(clock.isExpired(firstMs, 100), true);
  assert.equal(clock.isExpired(firstMs, 101), false);
  assert.equal(clock.isExpired(secondMs, 200), true);
  assert.equal(clock.isExpired(secondMs + 1, 200), false);
  assert.equal(clock.isExpired(secondMs, 201), false);
});

test('a step forward that was believed and then taken back killed what it killed', () => {
  const machine = new Machine();
  const expiresMs = startMs + hour;
  machine.step(day);
  machine.pass(settleMs + second);
  assert.equal(machine.clock.isExpired(expiresMs, 100), true);
  machine.step(-day);
  machine.pass(settleMs + second);
  assert.equal(machine.clock.now(), startMs + 2 * (settleMs + second));
  assert.equal(machine.clock.isExpired(expiresMs, 100), true);
  assert.equal(machine.clock.isExpired(expiresMs, 101), false);
});

test('of very many steps back, the oldest is forgotten', () => {
  const machine = new Machine();
  const firstMs = startMs + settleMs + second;
  const stepBack = (): void => {
    machine.step(-hour);
    machine.pass(settleMs + second);
    machine.newestMid += 1;
  };
  for (let count = 0; count < 64; count += 1) stepBack();
  assert.equal(machine.clock.isExpired(firstMs, 100), true);
  stepBack();
  assert.equal(machine.clock.isExpired(firstMs, 100), false);
  assert.equal(machine.clock.isExpired(firstMs - hour + settleMs, 101), true);
});
