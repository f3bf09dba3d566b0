import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Queue } from 'bullmq';
import { openClient } from '../contract/redis-client.ts';
import { endWith } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { startRedis } from '../support/redis.ts';
import { request } from '../support/request.ts';
import { connectWs } from '../support/ws-client.ts';

interface Frame {
  readonly event?: string;
  readonly mid: number;
  readonly id: string;
}

/** The promise: from the start of an instance on. A worker that was killed holds its jobs for some seconds. */
const deliveredWithinMs = 10_000;
const posts = 400;

const ready = (instance: Instance): Promise<true> =>
  eventually(
    async () => ((await request(`${instance.url}/readyz`)).status === 200 ? true : undefined),
    'the instance to be ready',
  );

test('bullmq: every instance is killed in the middle of its work: one that comes back delivers all, once', async (t) => {
  const redis = await startRedis(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const jobs = new Queue('send', { prefix: 'tidings', connection: openClient(t, redis.url) });
  endWith(t, () => jobs.close());
  const flags = [`--queue=bullmq/${redis.address}`];
  const instances = [await startInstance(t, { flags }), await startInstance(t, { flags })] as const;
  for (const instance of instances) await ready(instance);
  const client = await connectWs(t, `${instances[0].wsUrl}/ws?uid=1&mid=`);
  assert.equal(((await client.next()) as Frame).event, 'welcome');

  await jobs.pause();
  const ids = Array.from({ length: posts }, (_, index) => `n${index}`);
  const left = [...ids];
  const bodyOf = (id: string): object => ({ topic: 'uids', topic_ids: ['1'], msg: `message ${id}`, id });
  const poster = async (index: number): Promise<void> => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      const answer = await post(instances[index % 2 === 0 ? 0 : 1].url, bodyOf(id));
      assert.equal(answer.status, 202, answer.text);
    }
  };
  await Promise.all([0, 1, 2, 3].map(poster));
  assert.equal(client.frames.length, 1, 'nothing was handed on yet');

  await jobs.resume();
  await client.next();
  // At once: a signal is sent before anything is waited for.
  await Promise.all(instances.map((instance) => instance.kill()));
  const { wait = 0, active = 0 } = await jobs.getJobCounts('wait', 'active');
  assert.ok(wait + active > 0, 'nothing was left to do');

  const next = await startInstance(t, { flags });
  const before = client.frames as Frame[];
  const cursor = before.at(-1)?.mid ?? 0;
  const resumed = await connectWs(t, `${next.wsUrl}/ws?uid=1&mid=${cursor}`);
  const got = (): Frame[] => [...before, ...(resumed.frames as Frame[])].filter(({ event }) => event === undefined);
  await eventually(
    () => (got().length >= posts ? true : undefined),
    () => `${posts} messages, there were ${got().length}`,
    deliveredWithinMs,
  );
  assert.deepEqual(
    got()
      .map(({ id }) => id)
      .sort(),
    [...ids].sort(),
  );
  got().reduce((last, { mid }) => (assert.ok(mid > last, 'out of order'), mid), 0);

  // The jobs are gone by now, the ids are not.
  await eventually(async () => {
    const counts = await jobs.getJobCounts('wait', 'active', 'delayed');
    return Object.values(counts).every((count) => count === 0) ? true : undefined;
  }, 'the end of every job');
  const seen = resumed.frames.length;
  for (const id of ids.slice(0, 20)) assert.equal((await post(next.url, bodyOf(id))).status, 202);
  const conflict = await post(next.url, { ...bodyOf('n0'), msg: 'something else' });
  assert.equal(conflict.status, 422, conflict.text);
  assert.equal((await post(next.url, bodyOf('last'))).status, 202);
  await resumed.count(seen + 1);
  assert.equal((resumed.frames[seen] as Frame).id, 'last');
});
