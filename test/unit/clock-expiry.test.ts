import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settleMs } from '../../src/message/clock.ts';
import { day, hour, Machine, second, startMs } from './clock-machine.ts';

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
