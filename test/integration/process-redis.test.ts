import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startChild } from '../support/child.ts';
import { endWith } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { plainEnvironment, startInstance, type Instance } from '../support/instance.ts';
import { serverEntry } from '../support/project.ts';
import { post } from '../support/post.ts';
import { startRedis } from '../support/redis.ts';
import { request } from '../support/request.ts';
import { connectWs, type WsClient } from '../support/ws-client.ts';
import { assertError } from './serving.ts';

interface Frame {
  readonly mid: number;
  readonly id: string;
  readonly msg: string;
}

const ready = (instance: Instance): Promise<true> =>
  eventually(async () => ((await readiness(instance)).status === 200 ? true : undefined), 'the instance to be ready');

const readiness = async ({ url }: Instance): Promise<{ status: number; reason?: string }> => {
  const answer = await request(`${url}/readyz`);
  return { ...(answer.json as { reason?: string }), status: answer.status };
};

for (const kind of ['redis', 'bullmq'] as const) {
  test(`${kind} down at start: it serves and says so; back again: it works, and nobody restarts anything`, async (t) => {
    const redis = await startRedis(t);
    await redis.stop();
    const instance = await startInstance(t, {
      flags: [`--queue=${kind}/127.0.0.1:${redis.port}`, '--queue-deadline=500ms'],
    });
    await eventually(() => instance.lines.find((line) => line.startsWith('  Try')), 'the start-up lines');
    const said = instance.lines.find((line) => line.includes('not ready: '));
    assert.match(said ?? '', new RegExp(`Redis at 127\\.0\\.0\\.1:${redis.port} .*Posts are answered 503`));
    assert.equal((await request(`${instance.url}/healthz`)).status, 200);
    const { status, reason } = await readiness(instance);
    assert.equal(status, 503);
    assert.match(
      reason ?? '',
      new RegExp(`^Redis at 127\\.0\\.0\\.1:${redis.port} does not answer \\(ECONNREFUSED\\)\\.$`),
    );

    const client = await connectWs(t, `${instance.wsUrl}/ws?uid=1`);
    for (let time = 0; time < 3; time += 1) {
      assertError(await post(instance.url, { topic: 'all', msg: 'lost' }), 'queue_unavailable');
    }

    await redis.start();
    await ready(instance);
    const answer = await post(instance.url, { topic: 'all', msg: 'hello' });
    assert.equal(answer.status, 202, answer.text);
    const { id } = answer.json as { id: string };
    assert.equal(answer.text, `{"msg":"success.","id":"${id}"}`, 'not volatile');
    assert.equal(((await client.next()) as Frame).msg, 'hello');
  });

  test(`${kind} hangs: a post is answered 503 by its deadline, sockets stay open, and it recovers`, async (t) => {
    const redis = await startRedis(t);
    const instance = await startInstance(t, { flags: [`--queue=${kind}/${redis.address}`, '--queue-deadline=300ms'] });
    await ready(instance);
    const client = await connectWs(t, `${instance.wsUrl}/ws?uid=1&mid=`);
    redis.pause();
    assertError(await post(instance.url, { topic: 'uids', topic_ids: ['1'], msg: 'unknown' }), 'queue_unavailable');
    await eventually(async () => ((await readiness(instance)).status === 503 ? true : undefined), 'it to say so');
    redis.resume();
    await ready(instance);
    assert.equal((await post(instance.url, { topic: 'uids', topic_ids: ['1'], msg: 'known' })).status, 202);
    await client.until((frame) => (frame as Frame).msg === 'known');
    assert.ok(client.isOpen());
  });

  test(`two instances on one ${kind}: a post to either reaches the sockets of both, once, in order of mid`, async (t) => {
    const redis = await startRedis(t);
    const flags = [`--queue=${kind}/${redis.address}`];
    const instances = [await startInstance(t, { flags }), await startInstance(t, { flags })];
    for (const instance of instances) {
      await ready(instance);
    }
    const clients: WsClient[] = [];
    for (const { wsUrl } of instances) {
      clients.push(await connectWs(t, `${wsUrl}/ws?uid=1&mid=`), await connectWs(t, `${wsUrl}/ws?uid=2&mid=`));
    }
    const accepted = { all: new Set<string>(), one: new Set<string>() };
    const poster = async ({ url }: Instance, name: string): Promise<void> => {
      for (let count = 0; count < 50; count += 1) {
        const toAll = count % 2 === 0;
        const to = toAll ? { topic: 'all' } : { topic: 'uids', topic_ids: ['1'] };
        const answer = await post(url, { ...to, msg: `${name} ${count}` });
        assert.equal(answer.status, 202, answer.text);
        accepted[toAll ? 'all' : 'one'].add((answer.json as { id: string }).id);
      }
    };
    await Promise.all(
      instances.flatMap((instance, index) => [poster(instance, `${index}a`), poster(instance, `${index}b`)]),
    );
    const batch = await post(
      instances[1]?.url ?? '',
      Array.from({ length: 20 }, (_, msg) => ({ topic: 'all', msg })),
    );
    for (const id of (batch.json as { ids: string[] }).ids) accepted.all.add(id);

    for (const [index, client] of clients.entries()) {
      const wanted = index % 2 === 0 ? new Set([...accepted.all, ...accepted.one]) : accepted.all;
      await client.count(1 + wanted.size);
      const frames = client.frames.slice(1) as Frame[];
      assert.deepEqual(new Set(frames.map(({ id }) => id)), wanted);
      assert.equal(frames.length, wanted.size, 'each once');
      for (const [at, { mid }] of frames.entries()) assert.ok(at === 0 || mid > (frames[at - 1]?.mid ?? 0));
    }
    const [here, , there] = clients;
    assert.deepEqual(here?.frames.slice(1), there?.frames.slice(1), 'both instances tell the same');
    const batchFrames = ((here?.frames ?? []).slice(1) as Frame[]).filter(({ msg }) => typeof msg === 'number');
    assert.deepEqual(
      batchFrames.map(({ msg }) => msg),
      Array.from({ length: 20 }, (_, msg) => msg),
    );
  });
}

test('a post that waits for Redis when the stop comes is answered', async (t) => {
  const redis = await startRedis(t);
  const instance = await startInstance(t, { flags: [`--queue=redis/${redis.address}`, '--queue-deadline=5s'] });
  await ready(instance);
  redis.pause();
  const answered = post(instance.url, { topic: 'all', msg: 'm' });
  // The post was read when this, which came after it, is answered.
  await request(`${instance.url}/healthz`);
  const stopped = instance.stop();
  await instance.logged('draining');
  redis.resume();
  const answer = await answered;
  assert.equal(answer.status, 202, answer.text);
  await stopped;
});

test('bullmq: Redis hangs, dies and comes back while an instance stops: the process ends all the same', async (t) => {
  // Whether something is left behind hangs on the turn at which Redis stood still: not every round would show it.
  for (let round = 0; round < 4; round += 1) {
    const redis = await startRedis(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    const instance = await startInstance(t, {
      flags: [`--queue=bullmq/${redis.address}`, '--queue-deadline=1s', '--drain=100ms'],
      stopLimitMs: 10_000,
    });
    await ready(instance);
    let isPosting = true;
    const posting = Array.from({ length: 8 }, async () => {
      while (isPosting) await post(instance.url, { topic: 'all', msg: 'm' }).catch(() => (isPosting = false));
    });
    for (let count = 0; count < 20; count += 1) await post(instance.url, { topic: 'all', msg: 'm' });
    const stopped = instance.stop();
    redis.pause();
    // It may be over before that is said.
    const down = instance.logged('bullmq.down').catch(() => {});
    await Promise.race([down, instance.logged('stopped')]);
    await redis.kill();
    await redis.start();
    await stopped;
    isPosting = false;
    await Promise.all(posting);
  }
});

for (const workers of [1, 2]) {
  test(`a signal while the queue waits for a Redis that hangs: no port is opened, ${workers} worker(s)`, async (t) => {
    let connections = 0;
    const hanging = createServer(() => (connections += 1)).listen(0, '127.0.0.1');
    endWith(t, () => void hanging.close());
    await new Promise((resolve) => hanging.once('listening', resolve));
    const { port } = hanging.address() as AddressInfo;
    const flags = [`--queue=bullmq/127.0.0.1:${port}`, '--queue-deadline=3s', '--port=0', '--admin-port=0'];
    const child = await startChild(process.execPath, [serverEntry, 'serve', ...flags, `--workers=${workers}`], {
      env: plainEnvironment(),
    });
    // The journal has two; the queue and its peers have more.
    await eventually(() => (connections > 2 ? true : undefined), 'the queue to begin');
    assert.deepEqual(await child.end('SIGTERM'), { code: 0, signal: null });
    assert.deepEqual(
      child.lines.filter((line) => line.includes('listening') || line.includes('serves')),
      [],
    );
  });
}
