import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Scope } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { startRedis } from '../support/redis.ts';
import { request } from '../support/request.ts';
import { connectWs, type WsClient } from '../support/ws-client.ts';
import { accepted, adminOf } from './admin-client.ts';
import { assertError } from './serving.ts';

const redis = await startRedis({ after });

async function ready(scope: Scope, flags: readonly string[]): Promise<Instance> {
  const instance = await startInstance(scope, { flags });
  await eventually(
    async () => ((await request(`${instance.url}/readyz`)).status === 200 ? true : undefined),
    'the instance to be ready',
  );
  return instance;
}

/** Two instances that hear each other. */
async function pair(scope: Scope, flags: readonly string[]): Promise<[Instance, Instance]> {
  const instances: [Instance, Instance] = [await ready(scope, flags), await ready(scope, flags)];
  const id = await accepted(instances[0], { topic: 'uids', topic_ids: ['nobody'], msg: 'm' });
  for (const instance of instances) {
    await adminOf(instance).until(id, ({ counted }) => counted?.instances === 2 && counted.answered === 2);
  }
  return instances;
}

async function tracked(scope: Scope, { wsUrl }: Instance, uid: string): Promise<WsClient> {
  const client = await connectWs(scope, `${wsUrl}/ws?uid=${uid}&mid=`);
  await client.until((frame) => (frame as { event?: string }).event === 'welcome', 'the welcome');
  return client;
}

const midOf = (frame: unknown): number => (frame as { mid: number }).mid;

for (const kind of ['redis', 'bullmq']) {
  describe(`two instances on ${kind}`, () => {
    const flags = () => [`--queue=${kind}/${redis.address}`, `--redis-prefix=receipts-${kind}`];

    test('counts are the sum of both, acknowledgements are everybody’s, whoever is asked', async (t) => {
      const [one, two] = await pair(t, flags());
      const clients = [await tracked(t, one, 'a'), await tracked(t, two, 'a'), await tracked(t, two, 'b')];
      const id = await accepted(one, { topic: 'uids', topic_ids: ['a', 'b', 'c'], msg: 'm' });
      const mids = new Set<number>();
      for (const client of clients) mids.add(midOf(await client.next()));
      const [mid = 0] = mids;
      assert.equal(mids.size, 1);
      for (const instance of [one, two]) {
        const { matched, written, counted, state } = await adminOf(instance).until(id, (now) => now.written === 3);
        assert.deepEqual([matched, written, state], [3, 3, 'appended']);
        assert.deepEqual([counted?.instances, counted?.answered], [2, 2]);
      }
      clients[1]?.send({ ack: mid });
      for (const instance of [one, two]) {
        const { uids } = await adminOf(instance).until(id, ({ acked }) => acked === 1);
        assert.deepEqual(
          uids?.map(({ uid, acked }) => [uid, acked]),
          [
            ['a', true],
            ['b', false],
            ['c', false],
          ],
        );
      }
    });

    test('an instance that hangs is missing from the counts, and is said to be', async (t) => {
      const [one, two] = await pair(t, flags());
      const clients = [await tracked(t, one, 'h'), await tracked(t, two, 'h')];
      const id = await accepted(one, { topic: 'uids', topic_ids: ['h'], msg: 'm' });
      for (const client of clients) await client.next();
      await adminOf(one).until(id, ({ written }) => written === 2);
      two.pause();
      try {
        const { matched, written, counted } = await adminOf(one).message(id);
        assert.deepEqual([matched, written, counted?.instances, counted?.answered], [1, 1, 2, 1]);
      } finally {
        two.resume();
      }
      await adminOf(one).until(id, ({ written }) => written === 2);
    });

    test('taken back through the other instance: both tell their clients, and it stays taken back', async (t) => {
      const [one, two] = await pair(t, flags());
      const clients = [await tracked(t, one, 'r'), await tracked(t, two, 'r')];
      const id = await accepted(one, { topic: 'uids', topic_ids: ['r'], msg: 'm' });
      for (const client of clients) await client.next();
      const answers = [
        await adminOf(two).takeBack(id),
        await adminOf(one).takeBack(id),
        await adminOf(two).takeBack(id),
      ];
      for (const { status, json } of answers) assert.deepEqual([status, json], [200, answers[0]?.json]);
      await accepted(two, { topic: 'uids', topic_ids: ['r'], msg: 'end' });
      for (const client of clients) {
        const event = (await client.next()) as { mid: number };
        assert.deepEqual(event, { mid: event.mid, event: 'retract', id });
        assert.equal(((await client.next()) as { msg: string }).msg, 'end');
      }
      for (const instance of [one, two]) assert.equal((await adminOf(instance).message(id)).state, 'retracted');
    });

    test('after a restart of all: what was counted is gone and said to be, what is in Redis is not', async (t) => {
      const [one, two] = await pair(t, flags());
      const client = await tracked(t, one, 'k');
      const id = await accepted(one, { topic: 'uids', topic_ids: ['k'], msg: 'm' });
      client.send({ ack: midOf(await client.next()) });
      const before = await adminOf(two).until(id, ({ acked, written }) => acked === 1 && written === 1);
      await one.stop();
      await two.kill();
      const again = await ready(t, flags());
      const after = await adminOf(again).message(id);
      assert.deepEqual(after, { ...before, matched: null, written: null, counted: null });
      assert.equal((await adminOf(again).takeBack(id)).status, 200);
    });

    test('while Redis is away nothing is said that is not known, and it is said when to ask again', async (t) => {
      const own = await startRedis(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
      const instance = await ready(t, [`--queue=${kind}/${own.address}`, '--queue-deadline=300ms']);
      const admin = adminOf(instance);
      const id = await accepted(instance, { topic: 'all', msg: 'm' });
      await admin.until(id, ({ appended }) => appended);
      own.pause();
      try {
        for (const method of ['GET', 'DELETE']) {
          assertError(await admin.ask(`/messages/${id}`, { method }), 'store_unavailable');
        }
      } finally {
        own.resume();
      }
      await eventually(
        async () => ((await admin.ask(`/messages/${id}`)).status === 200 ? true : undefined),
        'the store to answer again',
      );
      assert.equal((await admin.takeBack(id)).status, 200);
    });
  });
}
