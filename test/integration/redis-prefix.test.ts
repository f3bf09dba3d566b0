import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { startRedis } from '../support/redis.ts';
import { request } from '../support/request.ts';
import { connectWs } from '../support/ws-client.ts';

const ready = ({ url }: Instance): Promise<true> =>
  eventually(async () => ((await request(`${url}/readyz`)).status === 200 ? true : undefined), 'readiness');

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
