import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Redis as Client } from 'ioredis';
import { pino } from 'pino';
import { z } from 'zod';
import { createOneInstance } from '../../src/cluster/one-instance.ts';
import type { Peers, Question } from '../../src/cluster/peers.ts';
import { createRedisPeers } from '../../src/cluster/redis-peers.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { startRedis } from '../support/redis.ts';

/** What an instance is called, with what it was asked about. */
const whoAreYou: Question<string, string> = { name: 'who', about: z.string(), answer: z.string() };

const redis = await startRedis({ after });
let prefixes = 0;
const prefix = (): string => `test${(prefixes += 1)}`;

/** Longer than any test: only who answers, or that all have, ends a question. */
const noEndMs = 60_000;

async function join(scope: Scope, name: string, of: string, waitMs = noEndMs, port = redis.port): Promise<Peers> {
  const settings = { host: '127.0.0.1', port, db: 0, tls: false };
  const peers = createRedisPeers(
    { instance: name, log: pino({ level: 'silent' }) },
    { settings, prefix: of, deadlineMs: 2000, waitMs },
  );
  endWith(scope, () => peers.stop());
  await peers.start();
  return peers;
}

const answering = (peers: Peers, name: string): void => peers.handle(whoAreYou, (about) => `${name} ${about}`);

/** Until so many instances hear each other. */
async function heard(peers: Peers, instances: number): Promise<void> {
  await eventually(
    async () => ((await peers.ask(whoAreYou, 'up').catch(() => undefined))?.instances === instances ? true : undefined),
    `${instances} instances to hear`,
  );
}

test('an instance without others asks itself', async () => {
  const peers = createOneInstance();
  assert.deepEqual(await peers.ask(whoAreYou, 'now'), { answers: [], instances: 1 });
  answering(peers, 'me');
  assert.deepEqual(await peers.ask(whoAreYou, 'now'), { answers: ['me now'], instances: 1 });
});

describe('instances on one Redis', () => {
  test('all answer, the one that asks included, and nobody of another deployment', async (t) => {
    const [here, elsewhere] = [prefix(), prefix()];
    const [a, b, c] = [await join(t, 'a', here), await join(t, 'b', here), await join(t, 'c', here)];
    const stranger = await join(t, 's', elsewhere);
    for (const [name, peers] of Object.entries({ a, b, c, s: stranger })) answering(peers, name);
    for (const peers of [a, b, c]) await heard(peers, 3);
    const { answers, instances } = await b.ask(whoAreYou, 'now');
    assert.deepEqual([[...answers].sort(), instances], [['a now', 'b now', 'c now'], 3]);
    const many = await Promise.all(Array.from({ length: 50 }, (_, index) => a.ask(whoAreYou, String(index))));
    for (const [index, { answers: own }] of many.entries())
      assert.deepEqual([...own].sort(), [`a ${index}`, `b ${index}`, `c ${index}`]);
    assert.deepEqual((await stranger.ask(whoAreYou, 'now')).answers, ['s now']);
  });

  test('who does not know the question, or cannot read it, does not hold it up', async (t) => {
    const here = prefix();
    const [a, b, c] = [await join(t, 'a', here), await join(t, 'b', here), await join(t, 'c', here)];
    answering(a, 'a');
    b.handle({ ...whoAreYou, about: z.number() }, (about) => `b ${about}`);
    c.handle(whoAreYou, () => {
      throw new Error('planted');
    });
    await heard(a, 3);
    assert.deepEqual(await a.ask(whoAreYou, 'now'), { answers: ['a now'], instances: 3 });
  });

  test('one that hangs is waited for no longer than agreed, and is missing from the answers', async (t) => {
    const here = prefix();
    const [a, b] = [await join(t, 'a', here, 50), await join(t, 'b', here)];
    answering(a, 'a');
    answering(b, 'b');
    await heard(a, 2);
    const silent = new Client(redis.url);
    endWith(t, () => silent.disconnect());
    await silent.subscribe(`${here}:control`);
    const { answers, instances } = await a.ask(whoAreYou, 'now');
    assert.deepEqual([[...answers].sort(), instances], [['a now', 'b now'], 3]);
  });

  test('whatever else is on the channels is not heeded', async (t) => {
    const here = prefix();
    const [a, b] = [await join(t, 'a', here), await join(t, 'b', here)];
    answering(a, 'a');
    answering(b, 'b');
    await heard(a, 2);
    const client = new Client(redis.url);
    endWith(t, () => client.disconnect());
    const listener = new Client(redis.url);
    endWith(t, () => listener.disconnect());
    const sent: string[] = [];
    listener.on('pmessage', (_pattern, channel: string) => sent.push(channel));
    await listener.psubscribe(`${here}:control:*`);
    const deep = '['.repeat(100_000);
    for (const text of [
      ...[
        '',
        '{',
        'null',
        '[]',
        '7',
        '"x"',
        deep,
        '{"from":"x"}',
        `{"from":"x","ask":1,"name":"${'w'.repeat(2_000_000)}"}`,
      ],
      ...[
        '{"from":"../x","ask":1,"name":"who"}',
        '{"from":"x:y","ask":1,"name":"who","about":"m"}',
        '{"from":"","ask":1}',
      ],
      ...['{"from":"x","ask":"1","name":"who"}', '{"from":"x","ask":1,"name":7}', '{"from":{},"ask":1,"name":"who"}'],
    ]) {
      await client.publish(`${here}:control`, text);
      await client.publish(`${here}:control:a`, text);
    }
    for (let reply = 0; reply < 100; reply += 1) {
      await client.publish(`${here}:control:a`, JSON.stringify({ from: 'forged', reply, answer: 'too early' }));
    }
    const { answers, instances } = await a.ask(whoAreYou, 'now');
    assert.deepEqual([[...answers].sort(), instances], [['a now', 'b now'], 2]);
    // What has no readable name of an instance is answered to nobody.
    const strange = sent.filter((channel) => !/:control:[ab]$/.test(channel));
    assert.deepEqual(strange, []);
  });

  test('after a restart of Redis all hear each other again; while it is away a question is refused', async (t) => {
    const own = await startRedis(t);
    const here = prefix();
    const [a, b] = [await join(t, 'a', here, 200, own.port), await join(t, 'b', here, 200, own.port)];
    answering(a, 'a');
    answering(b, 'b');
    await heard(a, 2);
    await own.kill();
    await assert.rejects(a.ask(whoAreYou, 'now'), { name: 'RedisError' });
    await own.start();
    await heard(a, 2);
    await heard(b, 2);
    assert.deepEqual([...(await a.ask(whoAreYou, 'now')).answers].sort(), ['a now', 'b now']);
  });
});

test('an instance that may not subscribe says so once, and hears when it may', async (t) => {
  const own = await startRedis(t);
  const admin = new Client(own.url);
  endWith(t, () => admin.disconnect());
  await admin.call('acl', 'setuser', 'deaf', 'on', '>pw', '~*', '+@all', 'resetchannels');
  const warnings: object[] = [];
  const log = { info() {}, warn: (fields: object) => void warnings.push(fields) };
  const settings = { host: '127.0.0.1', port: own.port, db: 0, tls: false, username: 'deaf', password: 'pw' };
  const peers = createRedisPeers({ instance: 'a', log }, { settings, prefix: 'p', deadlineMs: 2000, waitMs: noEndMs });
  endWith(t, () => peers.stop());
  await peers.start();
  const refusals = async (): Promise<number> =>
    Number(/cmdstat_subscribe:.*rejected_calls=(\d+)/.exec(await admin.info('commandstats'))?.[1]);
  await eventually(async () => ((await refusals()) >= 3 ? true : undefined), 'three refusals');
  assert.equal(warnings.length, 1);
  assert.match(JSON.stringify(warnings), /"peers.deaf","channel":"p:control","reason":"Redis at [^"]* refuses: NOPERM/);
  await admin.call('acl', 'setuser', 'deaf', 'allchannels');
  const b = createRedisPeers({ instance: 'b', log }, { settings, prefix: 'p', deadlineMs: 2000, waitMs: noEndMs });
  endWith(t, () => b.stop());
  await b.start();
  await heard(b, 2);
});
