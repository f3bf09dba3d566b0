import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openClient } from '../contract/redis-client.ts';
import { openInstance } from '../contract/redis-instance.ts';
import { sampleMessage, sampleMessages } from '../contract/sample-message.ts';
import { eventually, within } from '../support/deadline.ts';
import { startInstance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { startRedis } from '../support/redis.ts';
import { request } from '../support/request.ts';

test('bullmq: a stopped instance leaves no timer behind that would hold the process up', async (t) => {
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const redis = await startRedis(t);
  const before = timers();
  const instance = await openInstance(t, redis.port, { queue: 'bullmq' });
  await instance.untilUp();
  await instance.acceptAtLast([sampleMessage()]);
  await instance.told.ids(1);
  await instance.stop();
  assert.ok(timers() <= before, `${timers()} timers, and ${before} before it`);
});

test('bullmq: Redis is down at the start: posts are refused at once, and all works when it comes up', async (t) => {
  const redis = await startRedis(t);
  await redis.stop();
  const instance = await openInstance(t, redis.port, { queue: 'bullmq' });
  await instance.untilDown(/does not answer \(ECONNREFUSED\)/);
  const refused = await within(Promise.resolve(instance.queue.accept([sampleMessage()])), 'an answer');
  assert.ok(!refused.ok);
  assert.equal(refused.code, 'queue_unavailable');
  assert.match(refused.reason, /does not answer \(ECONNREFUSED\)/);
  await redis.start();
  await instance.untilUp();
  const message = sampleMessage();
  await instance.acceptAtLast([message]);
  assert.deepEqual(await instance.told.ids(1), [message.id]);
  assert.equal(instance.events('bullmq.down'), 1);
  assert.equal(instance.events('bullmq.up'), 1);
});

test('bullmq: Redis hangs: refused within the deadline; nothing accepted is lost, nothing comes twice', async (t) => {
  const redis = await startRedis(t);
  const instances = [
    await openInstance(t, redis.port, { queue: 'bullmq' }),
    await openInstance(t, redis.port, { queue: 'bullmq' }),
  ] as const;
  const [one] = instances;
  await one.untilUp();
  const before = sampleMessages(20);
  for (const message of before) assert.deepEqual(await one.queue.accept([message]), { ok: true });
  redis.pause();
  const during = sampleMessages(20);
  const answers = await within(
    Promise.all(during.map((message) => Promise.resolve(one.queue.accept([message])))),
    'an answer to every post',
  );
  for (const answer of answers) assert.ok(!answer.ok && answer.code === 'queue_unavailable');
  for (const instance of instances) await instance.untilDown(/does not answer/);
  redis.resume();
  for (const instance of instances) await instance.untilUp();
  await Promise.all(during.map((message) => one.acceptAtLast([message])));
  const after = sampleMessages(20);
  for (const message of after) await one.acceptAtLast([message]);
  const expected = [...before, ...during, ...after].map(({ id }) => id).sort();
  for (const { told } of instances) {
    await told.ids(60);
    assert.deepEqual(told.entries.map(({ message }) => message.id).sort(), expected);
  }
});

test('bullmq: Redis is killed again and again under posts: what was accepted arrives, once', async (t) => {
  const redis = await startRedis(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const instances = [
    await openInstance(t, redis.port, { queue: 'bullmq' }),
    await openInstance(t, redis.port, { queue: 'bullmq' }),
  ] as const;
  const accepted: string[] = [];
  let isPosting = true;
  const posting = instances.map(async ({ queue }) => {
    while (isPosting) {
      const message = sampleMessage();
      if ((await queue.accept([message])).ok) accepted.push(message.id);
      else await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  for (let round = 0; round < 3; round += 1) {
    const enough = accepted.length + 50;
    await eventually(() => (accepted.length >= enough ? true : undefined), '50 more posts accepted');
    await redis.kill();
    await redis.start();
    for (const instance of instances) await instance.untilUp();
  }
  isPosting = false;
  await Promise.all(posting);
  for (const { told } of instances) {
    await eventually(
      () => {
        const ids = new Set(told.entries.map(({ message }) => message.id));
        return accepted.every((id) => ids.has(id)) ? true : undefined;
      },
      () => `${accepted.length} accepted messages; ${told.entries.length} were told`,
    );
    told.assertOrdered();
    const ids = told.entries.map(({ message }) => message.id);
    assert.equal(new Set(ids).size, ids.length);
  }
});

test('bullmq: FLUSHALL: posts go on', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const instance = await openInstance(t, redis.port, { queue: 'bullmq' });
  await instance.untilUp();
  for (let round = 1; round <= 3; round += 1) {
    await instance.acceptAtLast(sampleMessages(10));
    await instance.told.ids(10 * round);
    await client.flushall();
  }
});

test('bullmq: an instance that stops while Redis hangs or is down stops', async (t) => {
  const redis = await startRedis(t);
  const [hung, down] = [
    await openInstance(t, redis.port, { queue: 'bullmq' }),
    await openInstance(t, redis.port, { queue: 'bullmq' }),
  ];
  await hung.untilUp();
  await hung.acceptAtLast(sampleMessages(3));
  await down.told.ids(3);
  redis.pause();
  const answer = hung.queue.accept([sampleMessage()]);
  await within(hung.stop(), 'the stop while Redis hangs');
  assert.equal((await answer).ok, false);
  await redis.kill();
  const never = await openInstance(t, redis.port, { queue: 'bullmq' });
  await within(never.stop(), 'the stop of an instance that never reached Redis');
  await down.untilDown(/ECONNREFUSED/);
  await within(down.stop(), 'the stop while Redis is down');
});

test('bullmq: a worker that cannot take jobs is seen in the health, until it can', async (t) => {
  const redis = await startRedis(t);
  const client = openClient(t, redis.url);
  const instance = await openInstance(t, redis.port, { queue: 'bullmq' });
  await instance.untilUp();
  await client.acl('SETUSER', 'default', '-bzpopmin');
  await instance.untilDown(/^The worker of the queue has trouble: NOPERM/);
  await client.acl('SETUSER', 'default', '+bzpopmin');
  await instance.untilUp();
  const message = sampleMessage();
  await instance.acceptAtLast([message]);
  assert.deepEqual(await instance.told.ids(1), [message.id]);
});

test('bullmq: a process ends though Redis is down and messages are scheduled', async (t) => {
  const redis = await startRedis(t);
  // BullMQ by itself would hold the process up for 11 s.
  const instance = await startInstance(t, { flags: [`--queue=bullmq/${redis.address}`], stopLimitMs: 8000 });
  const client = openClient(t, redis.url);
  await eventually(
    async () => ((await request(`${instance.url}/readyz`)).status === 200 ? true : undefined),
    'the instance to be ready',
  );
  const answer = await post(instance.url, { topic: 'all', msg: 'later', delay: 3600 });
  assert.equal(answer.status, 202, answer.text);
  assert.equal(await client.zcard('tidings:send:delayed'), 1);
  // It waits for what is due in an hour when a waiting client has been served once.
  await eventually(async () => {
    const clients = String(await client.call('CLIENT', 'LIST'));
    return /cmd=bzpopmin/.test(clients) && (await client.exists('tidings:send:marker')) === 0 ? true : undefined;
  }, 'the worker to wait');
  await redis.kill();
  await instance.stop();
});
