import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoopLag } from '../../src/gateway/loop-lag.ts';

test('a loop is late when it is late look after look; a single hitch is none', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 1000;
  const lag = new LoopLag(() => nowMs);
  /** The timer that is due fires, each time so late. */
  const after = (...latesMs: number[]): number => {
    for (const lateMs of latesMs) {
      nowMs += 50 + lateMs;
      t.mock.timers.tick(50);
    }
    return lag.lagMs();
  };
  assert.equal(lag.lagMs(), 0, 'not started');
  lag.start();
  assert.equal(after(0, 0, 0, 0), 0);
  assert.equal(after(10_000), 0);
  assert.equal(after(300, 200), 0);
  assert.equal(after(400), 200, 'the fourth');
  assert.equal(after(500), 200);
  assert.equal(after(500), 200);
  assert.equal(after(500), 400);
  assert.equal(after(0), 0);
  after(500, 500, 500, 500);
  lag.stop();
  assert.equal(lag.lagMs(), 0);
  nowMs += 60_000;
  t.mock.timers.tick(1000);
  assert.equal(lag.lagMs(), 0, 'nobody looks any more');
});
