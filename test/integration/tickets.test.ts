import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Redis } from 'ioredis';
import { endWith, type Scope } from '../support/cleanup.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { startRedis } from '../support/redis.ts';
import { request, type Answer } from '../support/request.ts';
import { connectWs, refusedWs, type WsClient } from '../support/ws-client.ts';
import { deployments } from './deployments.ts';
import { assertError } from './serving.ts';

const redis = await startRedis({ after });

const headers = { 'content-type': 'application/json' };
const order = ({ adminUrl }: Instance, body: object): Promise<Answer> =>
  request(`${adminUrl}/tickets`, { method: 'POST', headers, body: JSON.stringify(body) });

async function issued(instance: Instance, body: object): Promise<string> {
  const answer = await order(instance, body);
  assert.equal(answer.status, 201, answer.text);
  return (answer.json as { ticket: string }).ticket;
}

/** Comes with a ticket to each of these at once: who is let in. */
async function comeAtOnce(scope: Scope, urls: readonly string[]): Promise<WsClient[]> {
  const came = await Promise.allSettled(urls.map((url) => connectWs(scope, url)));
  return came.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

for (const [name, start] of Object.entries(deployments(redis))) {
  test(`${name}: a ticket lets one in, whoever asks and wherever, for what it is for`, async (t) => {
    const instances = await start(t, ['--tickets']);
    const [first] = instances;
    const last = instances.at(-1) ?? first;
    for (let round = 0; round < 5; round += 1) {
      const ticket = await issued(first, { uid: `u${round}`, types: ['a', 'b'] });
      const urls = [1, 2, 3].flatMap(() => instances.map(({ wsUrl }) => `${wsUrl}/ws?token=${ticket}&types=a`));
      const came = await comeAtOnce(t, urls);
      assert.equal(came.length, 1, 'one of all gets in');
      for (const types of ['a', 'b']) {
        await post(last.url, { topic: 'uids', topic_ids: [`u${round}`], types, msg: `${types} ${round}` });
      }
      const got = await came[0]?.next();
      assert.equal((got as { msg: string }).msg, `a ${round}`);
      assertError(await refusedWs(`${last.wsUrl}/ws?token=${ticket}`), 'unauthenticated');
    }
    assertError(await refusedWs(`${last.wsUrl}/ws?uid=1`), 'unauthenticated');
    const other = await issued(last, { uid: '1', types: ['a'] });
    assertError(await refusedWs(`${first.wsUrl}/ws?token=${other}&types=b`), 'forbidden');
    const narrow = await issued(last, { uid: 'n', max_connections: 1 });
    const second = await issued(last, { uid: 'n', max_connections: 1 });
    await connectWs(t, `${first.wsUrl}/ws?token=${narrow}`);
    assertError(await refusedWs(`${last.wsUrl}/ws?token=${second}`), 'uid_connections_exceeded');
  });

  test(`${name}: what is revoked is what was issued before`, async (t) => {
    const instances = await start(t, ['--tickets']);
    const [first] = instances;
    const last = instances.at(-1) ?? first;
    const open = await connectWs(t, `${last.wsUrl}/ws?token=${await issued(first, { uid: '1' })}`);
    const other = await connectWs(t, `${last.wsUrl}/ws?token=${await issued(first, { uid: '2' })}`);
    const unused = await issued(first, { uid: '1' });
    const revoked = await request(`${first.adminUrl}/users/1/revoke`, { method: 'POST' });
    const { closed, revoked_before: before } = revoked.json as { closed: number; revoked_before: number };
    assert.equal(closed, 1);
    assert.ok(Math.abs(before - Date.now()) < 60_000);
    assert.equal((await open.closed).code, 4502);
    assertError(await refusedWs(`${last.wsUrl}/ws?token=${unused}`), 'token_revoked');
    await connectWs(t, `${last.wsUrl}/ws?token=${await issued(first, { uid: '1' })}`);
    assert.ok(other.isOpen());
  });
}

test('a ticket in Redis goes by itself when its time is over, and is not to be read there', async (t) => {
  const flags = ['--tickets', `--queue=redis/${redis.address}`, '--redis-prefix=over'];
  const instance = await startInstance(t, { flags });
  const ticket = await issued(instance, { uid: '1', ttl: 60 });
  const client = new Redis(redis.url);
  endWith(t, () => client.disconnect());
  const [key = '', ...others] = await client.keys('over:ticket:*');
  assert.deepEqual(others, []);
  const left = await client.pttl(key);
  assert.ok(left > 0 && left <= 60_000, `${left}`);
  assert.ok(!`${key} ${await client.get(key)}`.includes(ticket.slice(4)));
  await client.pexpire(key, 0);
  assertError(await refusedWs(`${instance.wsUrl}/ws?token=${ticket}`), 'unauthenticated');
});

test('what cannot be meant is refused', async (t) => {
  const instance = await startInstance(t, { flags: ['--tickets'] });
  const wrong = [
    {},
    { uid: '' },
    { uid: 'x'.repeat(257) },
    { uid: '1', ttl: '2h' },
    { uid: '1', ttl: 0 },
    { uid: '1', types: [] },
    { uid: '1', types: ['a,b'] },
    { uid: '1', max_connections: 0 },
    { uid: '1', roles: [] },
    [],
  ];
  for (const body of wrong) assertError(await order(instance, body), 'invalid_query');
  const right = await order(instance, { uid: 1, types: 'a,b', ttl: '5m', max_connections: 3 });
  assert.equal(right.status, 201, right.text);
  const { expires_at: expiresAt, ticket } = right.json as { expires_at: number; ticket: string };
  assert.ok(Math.abs(expiresAt - Date.now() - 300_000) < 60_000);
  assert.ok(!instance.lines.some((line) => line.includes(ticket.slice(4))), 'no ticket in a log');
});

test('tickets are not taken unless somebody says so', async (t) => {
  const instance = await startInstance(t);
  assertError(await order(instance, { uid: '1' }), 'no_tickets');
  await connectWs(t, `${instance.wsUrl}/ws?uid=1`);
});
