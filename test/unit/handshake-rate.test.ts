import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HandshakeRate } from '../../src/gateway/handshake-rate.ts';
import { seeded } from './seeded.ts';

const taken = (rate: HandshakeRate, nowMs: number, attempts: number): number =>
  Array.from({ length: attempts }, () => rate.take(nowMs)).filter(Boolean).length;

test('after a quiet second a second is taken at once, and then the rate', () => {
  const rate = new HandshakeRate(0, { maxHandshakes: 100 });
  assert.equal(taken(rate, 0, 500), 100);
  assert.equal(taken(rate, 5, 500), 0);
  assert.equal(taken(rate, 250, 500), 25);
  assert.equal(taken(rate, 60_000, 500), 100, 'a quiet minute is worth no more than a second');
});

test('however it is asked, no second takes more than two seconds of the rate, and no long time more than its share', () => {
  const chance = seeded(7);
  const rate = new HandshakeRate(0, { maxHandshakes: 50 });
  const times: number[] = [];
  for (let nowMs = 0; nowMs < 60_000; nowMs += chance.below(40)) {
    for (let count = chance.below(8); count > 0; count -= 1) if (rate.take(nowMs)) times.push(nowMs);
  }
  assert.ok(times.length > 2500 && times.length <= 50 * 61, `${times.length} in a minute`);
  for (const [index, sinceMs] of times.entries()) {
    const within = times.slice(index).findIndex((timeMs) => timeMs >= sinceMs + 1000);
    assert.ok(within <= 100, `${within} in one second`);
  }
});

test('those who are put off get turns at the rate, none within a second', () => {
  const rate = new HandshakeRate(0, { maxHandshakes: 100 });
  const turns = Array.from({ length: 1000 }, () => rate.turnInMs(0));
  assert.deepEqual(
    turns.map(Math.round),
    turns.map((_, index) => 1000 + (index + 1) * 10),
  );
  assert.equal(Math.round(rate.turnInMs(5000)), 6010, 'the queue has moved on');
  assert.equal(Math.round(rate.turnInMs(60_000)), 1010, 'and is over');
});

test('who comes again and again without waiting sends nobody away for longer than half a minute', () => {
  const rate = new HandshakeRate(0, { maxHandshakes: 100 });
  for (let attempt = 0; attempt < 100_000; attempt += 1) assert.ok(rate.turnInMs(attempt / 100) <= 30_000);
  assert.equal(rate.turnInMs(1000), 30_000);
});
