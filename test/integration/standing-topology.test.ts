import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scope } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { startClusterSet } from '../support/redis-cluster.ts';
import { startSentinelSet } from '../support/redis-sentinel.ts';
import { request } from '../support/request.ts';
import { connectWs, refusedWs, type WsClient } from '../support/ws-client.ts';
import { assertError } from './serving.ts';
import { untilReady } from './topology-load.ts';

const password = 'p@ss:wo%rd';
const args = ['--appendonly', 'yes', '--appendfsync', 'always'];

interface Topology {
  readonly queue: string;
  /** The server that has the keys dies, and another takes its place. */
  failOver(): Promise<void>;
}

const topologies: Readonly<Record<string, (scope: Scope) => Promise<Topology>>> = {
  async Cluster(scope) {
    const set = await startClusterSet(scope, { args, password, replicaFor: '{tidings}' });
    return {
      queue: `redis-cluster/${set.addressOf([set.owner, ...set.others])}`,
      async failOver() {
        await set.owner.kill();
        await set.untilOwner(set.replica);
      },
    };
  },
  async Sentinel(scope) {
    const set = await startSentinelSet(scope, { args, password, sentinelPassword: 'word' });
    return {
      queue: `redis-sentinel/${set.address}`,
      async failOver() {
        const [first, second] = set.servers;
        await first.kill();
        await set.untilMaster(second);
      },
    };
  },
};

for (const [name, start] of Object.entries(topologies)) {
  test(`${name}: blocks, seats and tickets hold over all instances, and after a failover`, async (t) => {
    const { queue, failOver } = await start(t);
    const flags = [`--queue=${queue}`, '--queue-deadline=500ms', '--max-connections-per-uid=2', '--tickets'];
    const [a, b] = [await startInstance(t, { flags }), await startInstance(t, { flags })];
    await untilReady([a, b]);
    const come = async ({ wsUrl }: Instance, uid: string): Promise<WsClient> =>
      connectWs(t, `${wsUrl}/ws?token=${await ticketFor(a, uid)}`);
    const refused = async ({ wsUrl }: Instance, uid: string) =>
      refusedWs(`${wsUrl}/ws?token=${await ticketFor(b, uid)}`);

    const bad = await come(b, 'bad');
    assert.equal((await request(`${a.adminUrl}/users/bad/block`, { method: 'POST' })).status, 200);
    assert.equal((await bad.closed).code, 4503);
    for (const instance of [a, b]) await come(instance, '1');
    for (const instance of [a, b]) {
      assertError(await refused(instance, '1'), 'uid_connections_exceeded');
      assertError(await refused(instance, 'bad'), 'uid_blocked');
    }
    const used = await ticketFor(a, '2');
    await connectWs(t, `${a.wsUrl}/ws?token=${used}`);
    assertError(await refusedWs(`${b.wsUrl}/ws?token=${used}`), 'unauthenticated');

    await failOver();
    await untilReady([a, b]);
    // Each finds the new one by itself.
    for (const one of [a, b]) await eventually(() => ticketFor(one, '3').catch(() => undefined), 'tickets');
    for (const instance of [a, b]) {
      assertError(await refused(instance, 'bad'), 'uid_blocked');
      await eventually(async () => {
        const said = await refused(instance, '1').catch(() => undefined);
        return said?.status === 429 ? true : undefined;
      }, 'the seats of both to be counted');
    }
  });
}

async function ticketFor({ adminUrl }: Instance, uid: string): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const answer = await request(`${adminUrl}/tickets`, { method: 'POST', headers, body: JSON.stringify({ uid }) });
  if (answer.status !== 201) throw new Error(answer.text);
  return (answer.json as { ticket: string }).ticket;
}
