import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startLossyRelay, type LossyRelay } from '../chaos/lossy-relay.ts';
import { runHa } from './run-scenario.ts';
import { holds } from './short-run.ts';

test('nginx is reloaded and its old workers end: nothing is lost', async (t) => {
  const { reconnects, listeners } = await holds(t, 'nginx-reload');
  assert.equal(reconnects, listeners);
});

test('the primary is cut off from Redis: listeners stay, and what they missed comes once', async (t) => {
  const { refused } = await holds(t, 'partition');
  assert.ok(refused > 0, 'the cut was felt');
});

test('everybody reconnects at once to the instance that serves', async (t) => {
  const { reconnects, listeners } = await holds(t, 'storm');
  assert.equal(reconnects, listeners);
});

test('control: a frame that is lost on the way is found', async (t) => {
  let relay: LossyRelay | undefined;
  const { failure, figures } = await runHa(t, {
    scenario: 'nginx-reload',
    isFull: false,
    async detour(port) {
      relay = await startLossyRelay(t, port, (text) => text.startsWith('{"mid"'));
      return relay.port;
    },
  });
  assert.match(relay?.swallowed ?? '', /^\{"mid"/);
  assert.equal(figures.lost, 1);
  assert.equal(figures.untold, 1);
  assert.match(failure, /broken: lost 1\n/);
  assert.match(failure, /lost is 1, and at most 0 was promised/);
});
