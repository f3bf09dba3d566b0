import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startLossyRelay, type LossyRelay } from './lossy-relay.ts';
import { runScenario } from './run-scenario.ts';

test('a frame that is lost between a server and its client is caught, and told with all that is needed', async (t) => {
  let relay: LossyRelay | undefined;
  const run = await runScenario(t, {
    scenario: 'slow-readers',
    setup: 'list',
    seed: 1,
    rounds: 1,
    size: { clients: 20, requestsPerSecond: 60, roundMs: 5_000 },
    settleMs: 2_000,
    async detour(url) {
      // What slow readers are flooded with never expires, and comes before other messages.
      relay = await startLossyRelay(t, Number(new URL(url).port), (text) => text.length > 60_000);
      return `http://127.0.0.1:${relay.port}`;
    },
  });
  assert.match(relay?.swallowed ?? '', /^\{"mid"/);
  assert.match(run.failure, /broken: lost 1\n/);
  assert.match(run.failure, /npm run chaos -- --only=slow-readers --setup=list --seed=1 /);
  assert.equal(run.lost, 1);
});
