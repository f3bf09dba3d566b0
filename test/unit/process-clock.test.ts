import assert from 'node:assert/strict';
import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { pino } from 'pino';
import { createProcessClock } from '../../src/app/process-clock.ts';
import type { KnownTime } from '../../src/cluster/crew-messages.ts';

const hour = 3_600_000;

const machineMs = (): number => performance.timeOrigin + performance.now();

/** By how much it differs from the machine's time, however long this process is held up while it is asked. */
function offOf(read: () => number): number {
  const before = machineMs();
  const value = read();
  return value < before ? value - before : Math.max(0, value - machineMs());
}

/** The same of a process that was told this: of its own numbering, and its judgement of expiry. */
function offBy(known: KnownTime | undefined): readonly [now: number, clock: number] {
  const { now, clock } = createProcessClock({ log: pino({ level: 'silent' }), newestMid: () => 0, known });
  return [offOf(now), offOf(() => clock.now())];
}

/** By somebody whose time is ahead by so much. */
const told = (aheadMs: number): KnownTime => ({ unixMs: Date.now() + aheadMs, uptimeSeconds: uptime() });

/** The same as an uptime shows it worst: just after a hundredth of a second has begun, to who looks before it is over. */
function toldInStep(aheadMs: number): KnownTime {
  const before = uptime();
  while (uptime() === before);
  const known = told(aheadMs);
  const untilMs = performance.now() + 8;
  while (performance.now() < untilMs);
  return known;
}

test('a process that is told the time is as exact as one that is not: an uptime has 10 ms', () => {
  for (const known of [undefined, told(-30), told(30)]) {
    const [now, clock] = offBy(known);
    assert.ok(Math.abs(now) < 0.5, `${now} ms`);
    assert.ok(Math.abs(clock) < 5, `${clock} ms`);
  }
});

test('where the machine is far off, it goes by what it is told, and is not behind: nothing is to be late', () => {
  for (const aheadMs of [-hour, hour]) {
    for (const off of offBy(toldInStep(aheadMs))) {
      assert.ok(off >= aheadMs - 1 && off < aheadMs + 60_000, `${off} ms`);
    }
  }
});
