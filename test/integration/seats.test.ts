import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Redis } from 'ioredis';
import { endWith } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { startRedis } from '../support/redis.ts';
import { request } from '../support/request.ts';
import { connectWs, refusedWs, type WsClient } from '../support/ws-client.ts';
import { startInstance } from '../support/instance.ts';
import { deployments } from './deployments.ts';
import { assertError } from './serving.ts';

const redis = await startRedis({ after });
const limit = '--max-connections-per-uid=4';

for (const [name, start] of Object.entries(deployments(redis))) {
  test(`${name}: a uid has its connections once over all, and one that closes makes room`, async (t) => {
    const instances = await start(t, [limit]);
    const at = (index: number): string => `${instances[index % instances.length]?.wsUrl}/ws?uid=`;
    const clients: WsClient[] = [];
    for (let have = 0; have < 4; have += 1) clients.push(await connectWs(t, `${at(have)}1`));
    for (let index = 0; index < 4; index += 1)
      assertError(await refusedWs(`${at(index)}1`), 'uid_connections_exceeded');
    await connectWs(t, `${at(0)}2`);
    await clients[0]?.close();
    const came = await eventually(() => connectWs(t, `${at(1)}1`).catch(() => undefined), 'room for one');
    assert.ok(came.isOpen());
    assertError(await refusedWs(`${at(0)}1`), 'uid_connections_exceeded');
  });

  test(`${name}: of many that come at once as many get in as may`, async (t) => {
    const instances = await start(t, [limit]);
    const urls = [1, 2, 3, 4, 5, 6].flatMap(() => instances.map(({ wsUrl }) => `${wsUrl}/ws?uid=1`));
    const came = await Promise.allSettled(urls.map((url) => connectWs(t, url)));
    assert.equal(came.filter(({ status }) => status === 'fulfilled').length, 4);
  });

  test(`${name}: the oldest gives its place away, wherever it is`, async (t) => {
    const instances = await start(t, [limit, '--uid-connections=replace']);
    const at = (index: number): string => `${instances[index % instances.length]?.wsUrl}/ws?uid=`;
    const other = await connectWs(t, `${at(0)}2`);
    const clients: WsClient[] = [];
    for (let have = 0; have < 10; have += 1) clients.push(await connectWs(t, `${at(have)}1`));
    for (const client of clients.slice(0, 6)) assert.equal((await client.closed).code, 4504);
    const { json } = await request(`${instances[0].adminUrl}/users/1`);
    assert.equal((json as { connections: number }).connections, 4);
    assert.deepEqual(
      clients.slice(6).map((client) => client.isOpen()),
      [true, true, true, true],
    );
    assert.ok(other.isOpen());
  });
}

test('the seats of an instance that died are nobody’s once its lease is over, and those of a stopped one at once', async (t) => {
  const flags = [`--queue=redis/${redis.address}`, '--redis-prefix=dead', '--max-connections-per-uid=2'];
  const [a, b] = await Promise.all([startInstance(t, { flags }), startInstance(t, { flags })]);
  await connectWs(t, `${a.wsUrl}/ws?uid=1`);
  await connectWs(t, `${b.wsUrl}/ws?uid=1`);
  await a.kill();
  assertError(await refusedWs(`${b.wsUrl}/ws?uid=1`), 'uid_connections_exceeded');
  // The lease of 15 s is not waited for here: it is made to be over.
  const client = new Redis(redis.url);
  endWith(t, () => client.disconnect());
  const [seat = ''] = (await client.zrange('dead:seats:1', 0, '-1')).slice(0, 1);
  await client.zadd('dead:instances', '1', seat.slice(0, seat.indexOf(':')));
  await connectWs(t, `${b.wsUrl}/ws?uid=1`);
  assertError(await refusedWs(`${b.wsUrl}/ws?uid=1`), 'uid_connections_exceeded');
  await b.stop();
  assert.deepEqual(await client.zrange('dead:seats:1', 0, '-1'), [], 'who stops in order leaves none');
  const left = await client.zrangebyscore('dead:instances', String(Date.now()), '+inf');
  assert.deepEqual(left, []);
});

test('a worker that dies leaves no seat behind', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2', limit] });
  for (let have = 0; have < 4; have += 1) await connectWs(t, `${instance.wsUrl}/ws?uid=1`);
  assertError(await refusedWs(`${instance.wsUrl}/ws?uid=1`), 'uid_connections_exceeded');
  const { pid } = await instance.logged('worker.ready');
  process.kill(Number(pid), 'SIGKILL');
  const came = await eventually(
    () => connectWs(t, `${instance.wsUrl}/ws?uid=1`).catch(() => undefined),
    'room for one',
  );
  assert.ok(came.isOpen());
});
