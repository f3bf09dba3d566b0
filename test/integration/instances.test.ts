import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { startRedis } from '../support/redis.ts';
import { request } from '../support/request.ts';
import { connectWs } from '../support/ws-client.ts';
import { assertError } from './serving.ts';

interface Tracked {
  readonly mid: number;
  readonly id: string;
}

const ready = ({ url }: Instance): Promise<true> =>
  eventually(async () => ((await request(`${url}/readyz`)).status === 200 ? true : undefined), 'readiness');

for (const kind of ['redis', 'bullmq'] as const) {
  test(`${kind}: a post to any instance reaches the sockets of all, once, in one order`, async (t) => {
    const { address } = await startRedis(t);
    const flags = [`--queue=${kind}/${address}`];
    const instances = [await startInstance(t, { flags }), await startInstance(t, { flags })];
    await Promise.all(instances.map(ready));
    const listeners = await Promise.all(instances.map(({ wsUrl }) => connectWs(t, `${wsUrl}/ws?uid=1&mid=`)));
    const stranger = await connectWs(t, `${instances[0]?.wsUrl}/ws?uid=2`);

    const rounds = 100;
    const answers = await Promise.all(
      instances.flatMap(({ url }, at) =>
        Array.from({ length: rounds }, (_, round) =>
          post(url, { topic: 'uids', topic_ids: ['1'], msg: `${at}.${round}` }),
        ),
      ),
    );
    for (const { status, text } of answers) {
      assert.equal(status, 202, text);
      assert.doesNotMatch(text, /volatile/);
    }
    const ids = answers.map(({ json }) => (json as { id: string }).id);
    for (const listener of listeners) await listener.count(1 + ids.length);
    const [first = [], second] = listeners.map(({ frames }) => frames.slice(1) as Tracked[]);
    assert.deepEqual(first, second, 'the same frames in the same order on both instances');
    assert.deepEqual(first.map(({ id }) => id).sort(), [...ids].sort(), 'each message once');
    assert.ok(first.every(({ mid }, at) => at === 0 || mid > (first[at - 1]?.mid ?? Infinity)));
    assert.equal(stranger.frames.length, 0);
  });

  test(`${kind}: Redis down at the start, and back: nobody restarts anything`, async (t) => {
    const redis = await startRedis(t);
    await redis.kill();
    const instance = await startInstance(t, { flags: [`--queue=${kind}/${redis.address}`, '--queue-deadline=500ms'] });
    const listener = await connectWs(t, `${instance.wsUrl}/ws?uid=1`);

    const unready = await request(`${instance.url}/readyz`);
    assert.equal(unready.status, 503);
    assert.match(unready.text, /Redis at localhost:\d+ does not answer/);
    const refusal = await post(instance.url, { topic: 'all', msg: 'too early' });
    assert.match(assertError(refusal, 'queue_unavailable').message, /Redis at localhost:\d+/);

    await redis.start();
    await ready(instance);
    assert.equal((await post(instance.url, { topic: 'all', msg: 'now' })).status, 202);
    assert.equal(((await listener.next()) as { msg: string }).msg, 'now');
    assert.equal(listener.frames.length, 1);
  });
}

test('deployments with different prefixes on one Redis do not hear each other', async (t) => {
  const { address } = await startRedis(t);
  const start = (prefix: string): Promise<Instance> =>
    startInstance(t, { flags: [`--queue=redis/${address}`, `--redis-prefix=${prefix}`] });
  const [ours, theirs] = [await start('ours'), await start('theirs')];
  await Promise.all([ours, theirs].map(ready));
  const listeners = await Promise.all([ours, theirs].map(({ wsUrl }) => connectWs(t, `${wsUrl}/ws?uid=1`)));
  await post(theirs.url, { topic: 'all', msg: 'theirs' });
  await post(ours.url, { topic: 'all', msg: 'ours' });
  const heard = await Promise.all(listeners.map((listener) => listener.next()));
  assert.deepEqual(
    heard.map((frame) => (frame as { msg: string }).msg),
    ['ours', 'theirs'],
  );
});
