import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Scope } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { startRedis } from '../support/redis.ts';
import { request } from '../support/request.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { connectWs } from '../support/ws-client.ts';
import { accepted, adminOf } from './admin-client.ts';
import { crewOf } from './crew-stats.ts';

const redis = await startRedis({ after });

const queues: readonly (readonly [name: string, flags: (scope: Scope) => Promise<string[]>, accepted: string])[] = [
  ['list', () => Promise.resolve([]), 'volatile'],
  ['list with a data directory', async (scope) => [`--data-dir=${await makeTempDir(scope)}`], 'undefined'],
  ['redis', () => Promise.resolve([`--queue=redis/${redis.address}`, '--redis-prefix=w1']), 'undefined'],
  ['bullmq', () => Promise.resolve([`--queue=bullmq/${redis.address}`, '--redis-prefix=w2']), 'undefined'],
];

async function startCrew(scope: Scope, flags: readonly string[]): Promise<Instance> {
  const instance = await startInstance(scope, { flags: ['--workers=2', ...flags] });
  await eventually(async () => {
    const { workers } = await crewOf(instance);
    return workers.length === 2 && workers.every(({ readiness }) => readiness?.ok === true) ? true : undefined;
  }, 'every worker to be ready');
  return instance;
}

const msgOf = (frame: unknown): unknown => (frame as { msg: unknown }).msg;

for (const [name, flagsOf, level] of queues) {
  test(`${name}: a post to any worker reaches the sockets of all, and the sums are the whole`, async (t) => {
    const instance = await startCrew(t, await flagsOf(t));
    const sockets = await Promise.all(
      Array.from({ length: 8 }, (_, index) => connectWs(t, `${instance.wsUrl}/ws?uid=${index % 4}`)),
    );
    // A connection for each post, so that each worker has its share of them.
    for (let round = 0; round < 10; round += 1) {
      const answer = await post(instance.url, { topic: 'all', msg: round });
      assert.deepEqual([answer.status, String((answer.json as { accepted?: string }).accepted)], [202, level]);
      for (const socket of sockets) assert.equal(msgOf(await socket.next()), round);
      await post(instance.url, { topic: 'uids', topic_ids: ['0', '2'], msg: `to two ${round}` });
      for (const [index, socket] of sockets.entries()) {
        if (index % 2 === 0) assert.equal(msgOf(await socket.next()), `to two ${round}`);
      }
    }
    const { workers, gauges, counters } = await crewOf(instance);
    for (const worker of workers) {
      assert.ok((worker.gauges?.['connections'] ?? 0) > 0, 'each has its share of the connections');
      assert.ok((worker.counters?.['accepted'] ?? 0) > 0, 'and of the posts');
    }
    assert.deepEqual([gauges['connections'], gauges['behind']], [8, 0]);
    assert.deepEqual([counters['accepted'], counters['delivered'], counters['connected']], [20, 120, 8]);
  });
}

test('all workers have one name at the public door', async (t) => {
  const instance = await startCrew(t, []);
  const names = new Set<string>();
  for (let count = 0; count < 4; count += 1) {
    const answer = await request(`${instance.url}/readyz`, { headers: { connection: 'close' } });
    names.add((answer.json as { instance: string }).instance);
  }
  assert.equal(names.size, 1);
  assert.match([...names].join(), /^[\w-]{36}$/);
});

test('who comes back to another worker gets what it missed, in order and once', async (t) => {
  const instance = await startCrew(t, []);
  const url = `${instance.wsUrl}/ws?uid=a&mid=`;
  const first = await connectWs(t, url);
  const { mid } = (await first.next()) as { mid: number };
  await first.close();
  for (let msg = 0; msg < 300; msg += 1) {
    await post(instance.url, msg % 3 === 0 ? { topic: 'all', msg } : { topic: 'uids', topic_ids: ['a', 'b'], msg });
  }
  const due: unknown[] = Array.from({ length: 300 }, (_, msg) => msg);
  for (let back = 0; back < 4; back += 1) {
    const client = await connectWs(t, `${url}${mid}`);
    await client.count(due.length + 1);
    assert.equal((client.frames[0] as { resumed: boolean }).resumed, true);
    due.push(`live ${back}`);
    await post(instance.url, { topic: 'uids', topic_ids: ['a'], msg: `live ${back}` });
    await client.count(due.length + 1);
    assert.deepEqual(client.frames.slice(1).map(msgOf), due);
    await client.close();
  }
});

test('what became of a message is asked of every worker, and it is taken back from all', async (t) => {
  const instance = await startCrew(t, []);
  const clients = await Promise.all(Array.from({ length: 4 }, () => connectWs(t, `${instance.wsUrl}/ws?uid=a&mid=`)));
  for (const client of clients) await client.next();
  const id = await accepted(instance, { topic: 'uids', topic_ids: ['a', 'b'], msg: 'm' });
  const document = await adminOf(instance).until(id, ({ written }) => written === 4);
  assert.deepEqual([document.matched, document.state, document.counted?.answered], [4, 'appended', 3]);
  const [first] = clients;
  assert.ok(first !== undefined);
  const { mid } = (await first.next()) as { mid: number };
  first.send({ ack: mid });
  await adminOf(instance).until(id, ({ acked }) => acked === 1);
  await request(`${instance.adminUrl}/messages/${id}`, { method: 'DELETE' });
  for (const client of clients) await client.until((frame) => (frame as { event?: string }).event === 'retract');
});
