import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/deadline.ts';
import { post } from '../support/post.ts';
import { startRedis } from '../support/redis.ts';
import { connectWs } from '../support/ws-client.ts';
import { portOf, startOnRedis, startProxy, statsOf } from './nginx/proxy.ts';
import { steadyPort } from '../support/steady-port.ts';
import { startTraffic } from './nginx/traffic.ts';

const RESTARTS = 4;
const POSTERS = 12;
const POSTS_BETWEEN = 300;
const LISTENERS = 4;

test('a primary that is restarted under posts without a key: none is refused, and each is heard once', async (t) => {
  const redis = await startRedis(t);
  const flags = [`--port=${await steadyPort(t)}`, '--drain=500ms'];
  const backup = await startOnRedis(t, redis);
  let primary = await startOnRedis(t, redis, flags);
  const nginx = await startProxy(t, {
    primary: portOf(primary),
    backup: portOf(backup),
    // The primary is tried again sooner, so that the test need not wait so long.
    replace: [['fail_timeout=10s', 'fail_timeout=1s']],
  });
  const witness = await connectWs(t, `${backup.wsUrl}/ws?uid=1&mid=`);
  const traffic = startTraffic(t, nginx.url, {
    posters: POSTERS,
    maxPostsEach: 20_000,
    areKeyed: false,
    phase: () => '',
    onPosted: () => {},
  });
  const servesPosts = (): Promise<true> =>
    eventually(
      async () => (await statsOf(primary)).counters.accepted >= POSTS_BETWEEN || undefined,
      'the primary to be given posts',
    );

  for (let restart = 0; restart < RESTARTS; restart += 1) {
    await servesPosts();
    const listeners = await Promise.all(
      Array.from({ length: LISTENERS }, () => connectWs(t, `${nginx.wsUrl}/ws?uid=2&mid=`)),
    );
    await primary.stop();
    for (const listener of listeners) assert.equal((await listener.closed).code, 1012);
    primary = await startOnRedis(t, redis, flags);
  }
  await servesPosts();
  await traffic.stop();
  assert.deepEqual(
    traffic.posted.filter(({ answer }) => answer.status !== 202).map(({ answer }) => answer.text),
    [],
  );
  assert.ok(traffic.posted.length >= (RESTARTS + 1) * POSTS_BETWEEN);

  assert.equal((await post(nginx.url, { topic: 'all', msg: 'end' })).status, 202);
  await witness.until((frame) => (frame as { msg?: unknown }).msg === 'end', 'the end');
  const heard = (witness.frames as { msg?: unknown }[]).flatMap(({ msg }) => (typeof msg === 'number' ? [msg] : []));
  const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);
  assert.deepEqual(sorted(heard), sorted(traffic.posted.map(({ n }) => n)));
});
