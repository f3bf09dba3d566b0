import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Redis as Client } from 'ioredis';
import { endWith } from '../../support/cleanup.ts';
import { startRedis } from '../../support/redis.ts';

function connected(t: TestContext, url: string): Client {
  const client = new Client(url, { retryStrategy: () => null, commandTimeout: 200 });
  client.on('error', () => {});
  endWith(t, () => client.disconnect());
  return client;
}

test('a Redis of its own, which pauses, goes on, is killed and comes back on its port', async (t) => {
  const redis = await startRedis(t);
  const client = connected(t, redis.url);
  assert.equal(await client.set('a', '1'), 'OK');
  redis.pause();
  await assert.rejects(client.get('a'), /timed out/);
  redis.resume();
  assert.equal(await client.get('a'), '1');

  const before = redis.pid;
  await redis.kill();
  await redis.start();
  assert.notEqual(redis.pid, before);
  assert.equal(await connected(t, redis.url).get('a'), null, 'nothing was on disk');
});

test('with a password and the append-only file, it keeps what it was told', async (t) => {
  const redis = await startRedis(t, {
    password: 'p@ss:word',
    args: ['--appendonly', 'yes', '--appendfsync', 'always'],
  });
  await connected(t, redis.url).set('a', '1');
  await redis.kill();
  await redis.start();
  assert.equal(await connected(t, redis.url).get('a'), '1');
  await assert.rejects(connected(t, `redis://127.0.0.1:${redis.port}`).get('a'), /NOAUTH/);
});

test('two at once have different ports, and a wrong argument is told in its own words', async (t) => {
  const [one, two] = await Promise.all([startRedis(t), startRedis(t)]);
  assert.notEqual(one.port, two.port);
  await assert.rejects(startRedis(t, { args: ['--no-such-setting', '1'] }), /no-such-setting/);
});
