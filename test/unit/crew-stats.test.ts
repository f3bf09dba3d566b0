import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shareOf } from '../../src/app/worker-share.ts';
import { defaultConfig } from '../../src/config/schema.ts';
import { addUp } from '../../src/ops/crew-stats.ts';
import type { WorkerAnswer } from '../../src/ops/worker-question.ts';

const answer = (worker: number, connections: number, isOk = true): WorkerAnswer => ({
  worker,
  readiness: isOk ? { ok: true } : { ok: false, reason: `${worker} is away` },
  gauges: { connections, mid: 100 + worker, lagMs: worker },
  counters: { accepted: 10 * worker },
  keys: {},
});
const states = [1, 2].map((worker) => ({ worker, pid: 10 + worker, isReady: true, restarts: 0 }));
const counted = { counters: { accepted: 30 }, keys: { shop: { accepted: 3, refused: 30 } } };
const own = {
  gauges: { mid: 7 },
  counters: { accepted: 1, failed: 2 },
  backup: { of: 'http://primary', primary: 'well', since: 1 },
} as const;

test('gauges and counters are sums, but for those that are no part of a whole', () => {
  const { gauges, counters, keys, workers, readiness, backup } = addUp(
    own,
    states,
    [answer(2, 5), answer(1, 3)],
    counted,
  );
  assert.deepEqual(gauges, { mid: 102, connections: 8, lagMs: 2 });
  assert.deepEqual(counters, { accepted: 31, failed: 2 });
  assert.deepEqual(keys, counted.keys);
  assert.deepEqual(readiness, { ok: true });
  assert.deepEqual(backup, { of: 'http://primary', primary: 'well', since: 1 });
  assert.equal(addUp({ ...own, backup: null }, states, [answer(1, 3)], counted).backup, null);
  assert.deepEqual(
    workers.map(({ worker, gauges: each }) => [worker, each?.['connections']]),
    [
      [1, 3],
      [2, 5],
    ],
  );
});

test('one ready worker is enough; a worker that does not answer is shown without figures, and counts on', () => {
  assert.deepEqual(addUp(own, states, [answer(1, 0, false), answer(2, 0)], counted).readiness, { ok: true });
  const away = addUp(own, states, [answer(1, 0, false)], counted);
  assert.deepEqual(away.readiness, { ok: false, reason: '1 is away' });
  assert.deepEqual(away.workers[1], { ...states[1], readiness: null, gauges: null, counters: null });
  assert.deepEqual(away.counters, { accepted: 31, failed: 2 });
  assert.equal(addUp(own, states, [], counted).readiness.ok, false);
});

test('what is set for the whole is shared out, what is set for one is not', () => {
  const config = { ...defaultConfig(), maxConnections: 100_001, maxHandshakes: 1000, maxConnectionsPerUid: 10 };
  const memory = { residentBytes: () => 0, availableBytes: 1_000_000 };
  const share = shareOf(config, 4, memory);
  assert.deepEqual(
    [share.maxConnections, share.maxHandshakes, share.maxConnectionsPerUid, share.maxMemoryBytes],
    [25_001, 250, 10, 225_000],
  );
  assert.deepEqual([shareOf({ ...config, maxPosts: 10 }, 4, memory).maxPosts, share.maxPosts], [3, 0]);
  const key = { name: 'a', hash: 'h', hmacSecret: null, hmacSecretFile: null, all: true, uids: null, types: null };
  const keys = [
    { ...key, rate: 10, expiresAtMs: 0 },
    { ...key, rate: 0, expiresAtMs: 1 },
  ];
  assert.deepEqual(shareOf({ ...config, keys }, 4, memory).keys, [{ ...keys[0], rate: 3 }, keys[1]]);
  assert.equal(shareOf({ ...config, maxMemoryBytes: 0 }, 4, memory).maxMemoryBytes, 0, 'none stays none');
  assert.equal(shareOf({ ...config, maxMemoryBytes: 8000 }, 4, memory).maxMemoryBytes, 2000);
});
