import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { forGoodMs, type Action, type Standing } from '../../src/auth/standing.ts';
import { openClient } from '../contract/redis-client.ts';
import { eventually } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { startRedis } from '../support/redis.ts';
import { request, type Answer } from '../support/request.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { connectWs, refusedWs } from '../support/ws-client.ts';
import { deployments, type StartDeployment } from './deployments.ts';
import { openRedisTruth } from './redis-truth.ts';
import { assertError } from './serving.ts';

const redis = await startRedis({ after });

const block = ({ adminUrl }: Instance, uid: string, ttl?: string): Promise<Answer> =>
  request(`${adminUrl}/users/${uid}/block`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ttl }),
  });

async function acts({ adminUrl }: Instance, path: string, method = 'POST'): Promise<void> {
  assert.equal((await request(`${adminUrl}/users/${path}`, { method })).status, 200);
}

async function counted({ adminUrl }: Instance): Promise<number | undefined> {
  const { json } = await request(`${adminUrl}/stats`);
  return (json as { counters: Record<string, number> }).counters['overShutOut'];
}

const onDisk: StartDeployment = async (scope, flags = []) => [
  await startInstance(scope, { flags: [`--data-dir=${await makeTempDir(scope)}`, ...flags] }),
];

for (const [name, start] of Object.entries({ ...deployments(redis), 'list on disk': onDisk })) {
  test(`${name}: --max-shut-out, over all instances`, async (t) => {
    const instances = await start(t, ['--max-shut-out=2']);
    const [first] = instances;
    const last = instances.at(-1) ?? first;
    assert.equal((await block(first, '1')).status, 200);
    assert.equal((await block(last, '2', '1s')).status, 200);
    const client = await connectWs(t, `${first.wsUrl}/ws?uid=3`);
    // Until the second is over.
    await eventually(async () => ((await block(first, '3')).status === 200 ? true : undefined), 'room for one');
    assert.equal((await client.closed).code, 4503);
    for (const instance of instances) {
      const before = (await counted(instance)) ?? 0;
      const other = await connectWs(t, `${instance.wsUrl}/ws?uid=4`);
      assertError(await block(instance, '4'), 'too_many_shut_out');
      assertError(await block(instance, '4', '1h'), 'too_many_shut_out');
      assert.equal(await counted(instance), before + 2);
      assert.ok(other.isOpen(), 'nothing was done');
      // Those who are among them are blocked as long as they are to be, and anybody may be sent away.
      assert.equal((await block(instance, '1', '2h')).status, 200);
      await acts(instance, '4/disconnect');
      assert.equal((await other.closed).code, 4100);
    }
    await acts(last, '1/block', 'DELETE');
    assert.equal((await block(first, '4')).status, 200);
    for (const { wsUrl } of instances) {
      for (const uid of ['3', '4']) assertError(await refusedWs(`${wsUrl}/ws?uid=${uid}`), 'uid_blocked');
      await (await connectWs(t, `${wsUrl}/ws?uid=1`)).close();
    }
  });
}

test('what was kept is in force also where fewer may be shut out now, and makes room before there is any', async (t) => {
  const dir = `--data-dir=${await makeTempDir(t)}`;
  const before = await startInstance(t, { flags: [dir] });
  for (const uid of ['1', '2', '3']) assert.equal((await block(before, uid)).status, 200);
  await before.stop();
  const instance = await startInstance(t, { flags: [dir, '--max-shut-out=2'] });
  for (const uid of ['1', '2', '3']) assertError(await refusedWs(`${instance.wsUrl}/ws?uid=${uid}`), 'uid_blocked');
  for (const uid of ['1', '2']) {
    assertError(await block(instance, '4'), 'too_many_shut_out');
    await acts(instance, `${uid}/block`, 'DELETE');
  }
  assert.equal((await block(instance, '4')).status, 200);
});

test('a revocation can be forgotten, and what was issued before it is good again', async (t) => {
  const instance = await startInstance(t, { flags: ['--tickets', '--max-shut-out=1'] });
  const ticket = async (): Promise<string> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await request(`${instance.adminUrl}/tickets`, { method: 'POST', headers, body: '{"uid":"1"}' });
    return `${instance.wsUrl}/ws?token=${(answer.json as { ticket: string }).ticket}`;
  };
  const revoke = async (uid: string, method: string): Promise<Answer> =>
    request(`${instance.adminUrl}/users/${uid}/revoke`, { method });
  const [early, late] = [await ticket(), await ticket()];
  assert.equal((await revoke('1', 'POST')).status, 200);
  assertError(await refusedWs(early), 'token_revoked');
  assertError(await revoke('2', 'POST'), 'too_many_shut_out');
  const { json } = await revoke('1', 'DELETE');
  assert.equal((json as { revoked_before: unknown }).revoked_before, null);
  await connectWs(t, late);
  assert.equal((await revoke('2', 'POST')).status, 200);
});

let prefixes = 0;

/** The truth of a deployment of which three uids may be shut out, and what is in there. `known`: what its instance knows. */
async function openTruth(t: TestContext, known: readonly (readonly [string, Standing])[] = []) {
  const prefix = `s${(prefixes += 1)}`;
  const truth = await openRedisTruth(t, redis, { prefix, known, maxShutOut: 3 });
  const client = openClient(t, redis.url);
  return {
    ...truth,
    uids: async (): Promise<string[]> => (await client.hkeys(`${prefix}:users`)).sort(),
    ends: (): Promise<string[]> => client.zrange(`${prefix}:users:ends`, 0, '-1'),
    loseAll: async (): Promise<void> => void (await client.del(...(await client.keys(`${prefix}:*`)))),
  };
}

const forGood: Action = { kind: 'block', untilMs: forGoodMs };
const soonOver = (): Action => ({ kind: 'block', untilMs: Date.now() + 100 });

test('Redis: blocks that are over are nobody’s and do not stay, and what is revoked never ends', async (t) => {
  const { does, uids, ends } = await openTruth(t);
  assert.ok(await does('gone', soonOver()));
  assert.ok(await does('revoked', soonOver()));
  assert.ok(await does('revoked', { kind: 'revoke', beforeMs: 5 }));
  assert.ok(await does('stays', forGood));
  assert.deepEqual(await ends(), ['gone', 'stays']);
  await eventually(async () => ((await does('next', forGood)) ? true : undefined), 'a block to be over');
  assert.deepEqual(await uids(), ['next', 'revoked', 'stays']);
  assert.deepEqual((await ends()).sort(), ['next', 'stays']);
  assert.equal(await does('other', forGood), false);
  assert.ok(await does('revoked', { kind: 'unblock' }), 'it is over already');
  assert.equal(await does('other', forGood), false);
  assert.ok(await does('revoked', { kind: 'unrevoke' }));
  assert.ok(await does('other', { kind: 'revoke', beforeMs: 5 }));
  assert.deepEqual(await uids(), ['next', 'other', 'stays']);
});

test('Redis: of a block that gets a new end the new one counts', async (t) => {
  const { does, uids } = await openTruth(t);
  for (const uid of ['1', '2', '3']) assert.ok(await does(uid, soonOver()));
  assert.ok(await does('1', forGood));
  assert.ok(await does('3', { kind: 'unblock' }));
  assert.ok(await does('4', forGood));
  await eventually(async () => ((await does('5', forGood)) ? true : undefined), 'the block of 2 to be over');
  assert.deepEqual(await uids(), ['1', '4', '5']);
});

test('Redis: what it has lost and is given again counts as before', async (t) => {
  const standing = (blockedUntilMs: number, revokedBeforeMs: number): Standing => ({ blockedUntilMs, revokedBeforeMs });
  const known: [string, Standing][] = [
    ['blocked', standing(forGoodMs, 0)],
    ['gone', standing(5, 0)],
    ['revoked', standing(0, 7)],
  ];
  const { news, standing: standingOf, does, uids, ends, loseAll } = await openTruth(t, known);
  assert.ok(await does('1', forGood));
  await news();
  await loseAll();
  await news();
  assert.deepEqual(await uids(), ['blocked', 'gone', 'revoked']);
  assert.deepEqual(await ends(), ['gone', 'blocked']);
  assert.ok(await does('2', forGood));
  assert.deepEqual(await uids(), ['2', 'blocked', 'revoked']);
  assert.equal(await does('3', forGood), false);
  assert.deepEqual(await standingOf('revoked'), standing(0, 7));
});
