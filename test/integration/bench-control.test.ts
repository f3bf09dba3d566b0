import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { runSide } from '../../bench/run-side.ts';
import { CONTROL, type Side } from '../../bench/scenarios.ts';

const root = resolve(import.meta.dirname, '../../..');
/** Bounded by its count, not by time: a busy machine makes it slower, not different. */
const short = { ...CONTROL.plan, maxPosts: 50, durationMs: 30_000, quietMs: 2_000 };

test('the bench calls a server that loses one delivery in a thousand invalid', async () => {
  const { result, invalid } = await runSide({ ...CONTROL, plan: short }, root, false);
  assert.equal(result?.posts, 50);
  assert.equal(result.expectedDeliveries - result.deliveries, 5);
  assert.equal(invalid, '5 x deliveries missing');
});

test('and one that delivers one in a thousand twice', async () => {
  const { result, invalid } = await runSide({ server: 'plain-ws-doubling', plan: short }, root, false);
  assert.equal(result?.posts, 50);
  assert.equal(invalid, '5 x deliveries too many');
});

test('the bench counts every delivery of an honest server, whatever it speaks', async () => {
  const sides: Side[] = [
    { server: 'plain-ws', plan: short },
    { server: 'plain-ws', plan: { ...short, audience: 'single' } },
    { server: 'socket-io', plan: { ...short, protocol: 'socket.io' } },
  ];
  for (const side of sides) {
    const { result, invalid } = await runSide(side, root, false);
    assert.equal(invalid, '');
    assert.equal(result?.deliveries, side.plan.audience === 'single' ? 50 : 5_000);
  }
});

test('the bench says why there is no result when a server takes no connections', async () => {
  const { result, invalid } = await runSide({ server: 'plain-http', plan: short }, root, false);
  assert.equal(result, undefined);
  assert.match(invalid, /^generator: /);
});
