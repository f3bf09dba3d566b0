import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startInstance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { request } from '../support/request.ts';
import { connectWs } from '../support/ws-client.ts';

interface CrewStats {
  readonly gauges: Readonly<Record<string, number>>;
  readonly counters: Readonly<Record<string, number>>;
  readonly workers: readonly {
    readonly pid: number;
    readonly gauges: Readonly<Record<string, number>>;
    readonly counters: Readonly<Record<string, number>>;
  }[];
}

test('a post to any worker reaches the sockets of all', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2'] });
  const sockets = await Promise.all(
    Array.from({ length: 6 }, (_, index) => connectWs(t, `${instance.wsUrl}/ws?uid=${index % 3}`)),
  );
  for (let round = 0; round < 10; round += 1) {
    const answer = await post(instance.url, { topic: 'all', msg: round });
    assert.deepEqual([answer.status, (answer.json as { accepted: string }).accepted], [202, 'volatile']);
    await post(instance.url, { topic: 'uids', topic_ids: ['0', '2'], msg: `to two ${round}` });
  }
  for (const [index, socket] of sockets.entries()) {
    for (let round = 0; round < 10; round += 1) {
      assert.equal(((await socket.next()) as { msg: unknown }).msg, round);
      if (index % 3 !== 1) assert.equal(((await socket.next()) as { msg: unknown }).msg, `to two ${round}`);
    }
  }
  const stats = (await request(`${instance.adminUrl}/stats`)).json as CrewStats;
  assert.equal(stats.workers.length, 2);
  for (const { gauges, counters } of stats.workers) {
    assert.ok((gauges['connections'] ?? 0) > 0, 'each has its share of the connections');
    assert.ok((counters['accepted'] ?? 0) > 0, 'and of the posts');
  }
  assert.equal(stats.gauges['connections'], 6);
  assert.deepEqual([stats.counters['accepted'], stats.counters['delivered']], [20, 100]);
});
