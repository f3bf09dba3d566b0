import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis as Client } from 'ioredis';
import { endWith, type Scope } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { startRedis, type Redis } from '../support/redis.ts';
import { request, type Answer } from '../support/request.ts';
import { connectWs, refusedWs, type WsClient } from '../support/ws-client.ts';
import { openRedisTruth } from './redis-truth.ts';
import { assertError } from './serving.ts';

const prefix = 'out';

async function startPair(scope: Scope, redis: Redis): Promise<readonly [Instance, Instance]> {
  const flags = [`--queue=redis/${redis.address}`, `--redis-prefix=${prefix}`, '--queue-deadline=300ms'];
  const all = [...flags, '--max-connections-per-uid=2'];
  return Promise.all([startInstance(scope, { flags: all }), startInstance(scope, { flags: all })]);
}

const block = ({ adminUrl }: Instance, uid: string, method = 'POST'): Promise<Answer> =>
  request(`${adminUrl}/users/${uid}/block`, { method });

const come = (scope: Scope, { wsUrl }: Instance, uid: string): Promise<WsClient> =>
  connectWs(scope, `${wsUrl}/ws?uid=${uid}`);
const refused = ({ wsUrl }: Instance, uid: string) => refusedWs(`${wsUrl}/ws?uid=${uid}`);

/** Until a handshake has met the store that is away, so that none waits for it any more. */
async function away(instance: Instance): Promise<void> {
  await instance.logged('standing.away');
}

for (const fault of ['killed', 'paused'] as const) {
  test(`Redis is ${fault}: who is known to be blocked stays out, everybody else comes in, and then all is as before`, async (t) => {
    const redis = await startRedis(t);
    const [a, b] = await startPair(t, redis);
    assert.equal((await block(a, 'bad')).status, 200);
    assert.equal((await block(b, 'was-bad')).status, 200);
    assert.equal((await block(a, 'was-bad', 'DELETE')).status, 200);
    const leaving = await come(t, a, 'x');
    await come(t, b, 'x');
    assertError(await refused(b, 'x'), 'uid_connections_exceeded');

    if (fault === 'killed') await redis.kill();
    else redis.pause();
    // The first of each instance finds out.
    const [first] = await Promise.all([come(t, a, 'new'), come(t, b, 'new')]);
    await Promise.all([away(a), away(b)]);
    for (const instance of [a, b]) {
      assertError(await refused(instance, 'bad'), 'uid_blocked');
      await come(t, instance, 'was-bad');
      assertError(await block(instance, 'other'), 'store_unavailable');
    }
    await come(t, a, 'new');
    assertError(await refused(a, 'new'), 'uid_connections_exceeded');
    await leaving.close();
    assert.ok(first.isOpen());

    if (fault === 'killed') await redis.start();
    else redis.resume();
    await Promise.all([a.logged('standing.back'), b.logged('standing.back')]);
    // b has two of 'was-bad' and knows of one: only who counts both refuses.
    assertError(await untilRefused(t, b, 'was-bad'), 'uid_connections_exceeded');
    for (const instance of [a, b]) assertError(await refused(instance, 'bad'), 'uid_blocked');
    assert.equal(((await request(`${b.adminUrl}/users/bad`)).json as { blocked: boolean }).blocked, true);
    // Who left meanwhile has no seat any more, and who stayed has one.
    await come(t, a, 'x');
    assertError(await refused(b, 'x'), 'uid_connections_exceeded');
    assertError(await refused(a, 'x'), 'uid_connections_exceeded');
  });
}

/** Seats that were given while nobody counted them are taken at the next look; a connection too many is closed here again. */
async function untilRefused(scope: Scope, instance: Instance, uid: string): ReturnType<typeof refusedWs> {
  await eventually(async () => {
    const client = await come(scope, instance, uid).catch(() => undefined);
    await client?.close();
    return client === undefined ? true : undefined;
  }, `${uid} to be refused`);
  return refused(instance, uid);
}

test('a change of which an instance was not told is carried out within seconds', async (t) => {
  const redis = await startRedis(t);
  const [a, b] = await startPair(t, redis);
  // Somebody who knows the store and nobody's channel.
  const desk = await openRedisTruth(t, redis, { prefix });
  const blocked = [await come(t, a, '1'), await come(t, b, '1')];
  const kicked = [await come(t, a, '2'), await come(t, b, '2')];
  await desk.act('1', { kind: 'block', untilMs: Date.now() + 3_600_000 });
  await desk.act('2', { kind: 'disconnect' });
  assertError(await refused(a, '1'), 'uid_blocked');
  for (const client of blocked) assert.equal((await client.closed).code, 4503);
  for (const client of kicked) assert.equal((await client.closed).code, 4100);
  // What was told is not done again: who has come back stays.
  const back = await come(t, a, '2');
  const answer = await request(`${a.adminUrl}/users/2/disconnect`, { method: 'POST' });
  assert.equal((answer.json as { closed: number }).closed, 1);
  assert.equal((await back.closed).code, 4100);
  const stays = await come(t, a, '2');
  const marker = await come(t, a, '3');
  await desk.act('3', { kind: 'disconnect' });
  assert.equal((await marker.closed).code, 4100);
  assert.ok(stays.isOpen());
});

test('a Redis that has lost everything is told who is blocked', async (t) => {
  const redis = await startRedis(t);
  const [a, b] = await startPair(t, redis);
  await block(a, 'bad');
  const client = new Client(redis.url);
  endWith(t, () => client.disconnect());
  await client.flushall();
  await eventually(
    async () => ((await client.hexists(`${prefix}:users`, 'bad')) === 1 ? true : undefined),
    'the block',
  );
  const newcomer = await startInstance(t, { flags: [`--queue=redis/${redis.address}`, `--redis-prefix=${prefix}`] });
  for (const instance of [newcomer, a, b]) assertError(await refused(instance, 'bad'), 'uid_blocked');
  await block(b, 'bad', 'DELETE');
  for (const instance of [newcomer, a, b]) await (await come(t, instance, 'bad')).close();
});

test('the store judges by what it knows, also when the instance at the door has not heard of it', async (t) => {
  const redis = await startRedis(t);
  const flags = [`--queue=redis/${redis.address}`, `--redis-prefix=${prefix}`, '--tickets'];
  const a = await startInstance(t, { flags });
  const ticket = await request(`${a.adminUrl}/tickets`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"uid":"1"}',
  });
  const client = new Client(redis.url);
  endWith(t, () => client.disconnect());
  // No change is in the log, so that no look tells of it.
  await client.hset(`${prefix}:users`, '1', `0 ${Date.now() + 60_000}`);
  const { wsUrl } = a;
  assertError(await refusedWs(`${wsUrl}/ws?token=${(ticket.json as { ticket: string }).ticket}`), 'token_revoked');
});
