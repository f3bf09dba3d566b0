import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startInstance, type Instance } from '../support/instance.ts';
import { startRedis } from '../support/redis.ts';
import { request, type Answer } from '../support/request.ts';
import { connectWs, refusedWs } from '../support/ws-client.ts';
import { deployments, processesOf } from './deployments.ts';
import { assertError } from './serving.ts';

const redis = await startRedis({ after });

/** What the admin listener says of a uid, or after doing something to it. */
async function user(instance: Instance, path: string, method = 'GET', body?: object): Promise<Record<string, unknown>> {
  const answer = await ask(instance, path, method, body);
  assert.equal(answer.status, 200, answer.text);
  return answer.json as Record<string, unknown>;
}

function ask({ adminUrl }: Instance, path: string, method = 'GET', body?: object): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  return request(`${adminUrl}/users/${path}`, {
    method,
    ...(body === undefined ? {} : { headers, body: JSON.stringify(body) }),
  });
}

for (const [name, start] of Object.entries(deployments(redis))) {
  test(`${name}: an operator disconnects, blocks and lets in again`, async (t) => {
    const instances = await start(t);
    const [first] = instances;
    // Enough for each process to have some of them.
    const all = async (uid: string) =>
      Promise.all(instances.flatMap(({ wsUrl }) => [1, 2, 3, 4].map(() => connectWs(t, `${wsUrl}/ws?uid=${uid}`))));
    const count = 4 * instances.length;
    const counted = { instances: processesOf(name), answered: processesOf(name) };
    const stands = { blocked: false, blocked_until: null, revoked_before: null, counted };
    const others = await all('other');

    const kicked = await all('a/b');
    assert.deepEqual(await user(first, 'a%2Fb'), { uid: 'a/b', connections: count, ...stands });
    assert.deepEqual(await user(first, 'a%2Fb/disconnect', 'POST'), { uid: 'a/b', closed: count, ...stands });
    for (const { closed } of kicked) assert.equal((await closed).code, 4100);

    const blocked = await all('a/b');
    const before = Date.now();
    const answer = await user(first, 'a%2Fb/block', 'POST', { ttl: '1h' });
    const { blocked_until: until, ...rest } = answer;
    assert.ok(Math.abs(Number(until) - before - 3_600_000) < 60_000);
    assert.deepEqual(rest, { uid: 'a/b', closed: count, blocked: true, revoked_before: null, counted });
    for (const { closed } of blocked) assert.equal((await closed).code, 4503);
    for (const { wsUrl } of instances) assertError(await refusedWs(`${wsUrl}/ws?uid=a/b`), 'uid_blocked');
    for (const instance of instances) assert.equal((await user(instance, 'a%2Fb'))['blocked'], true);

    const last = instances.at(-1) ?? first;
    assert.deepEqual(await user(last, 'a%2Fb/block', 'DELETE'), { uid: 'a/b', closed: 0, ...stands });
    await all('a/b');
    assertError(await ask(first, 'a%2Fb/revoke', 'POST'), 'nothing_to_revoke');
    assert.ok(
      others.every((client) => client.isOpen()),
      'nobody else is concerned',
    );
  });
}

test('what cannot be meant is refused, and does nothing', async (t) => {
  const instance = await startInstance(t);
  for (const ttl of [0, -1, 1.5, '', '5', '1y', '99999d', null, true, {}]) {
    assertError(await ask(instance, '1/block', 'POST', { ttl }), 'invalid_query');
  }
  assertError(await ask(instance, '1/block', 'POST', { tll: 5 }), 'invalid_query');
  assertError(await ask(instance, '1/block?ttl=5', 'POST'), 'invalid_query');
  assertError(await ask(instance, '1/disconnect', 'POST', { x: 1 }), 'invalid_query');
  assertError(await ask(instance, '1/revoke', 'POST', { before: 'now' }), 'invalid_query');
  assertError(await ask(instance, 'x'.repeat(257)), 'invalid_query');
  assertError(await ask(instance, '%ff/block', 'POST', {}), 'invalid_query');
  assertError(await ask(instance, '1%/block', 'POST', {}), 'invalid_query');
  assertError(await ask(instance, '1/disconnect'), 'method_not_allowed');
  const { adminUrl } = instance;
  assertError(await request(`${adminUrl}/users/1/block`, { method: 'POST', body: '{}' }), 'unsupported_media_type');
  assert.equal((await user(instance, '1'))['blocked'], false);
  assert.equal((await user(instance, '1/block', 'POST', { ttl: 5 }))['blocked'], true);
});
