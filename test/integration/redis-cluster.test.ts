import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { askRedis, countClients } from '../support/ask-redis.ts';
import { eventually } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { startClusterSet, type ClusterSet } from '../support/redis-cluster.ts';
import type { Redis } from '../support/redis.ts';
import { assertBothHear, assertKeptCame, startLoad, untilReady, type Load } from './topology-load.ts';

const password = 'p@ss:wo%rd';
const prefix = '{tidings}';
const options = { args: ['--appendonly', 'yes', '--appendfsync', 'always'], password, replicaFor: prefix };

interface Running {
  readonly set: ClusterSet;
  readonly instances: readonly [Instance, Instance];
  readonly load: Load;
}

async function startAll(t: TestContext, kind: string, named: (set: ClusterSet) => readonly Redis[]): Promise<Running> {
  const set = await startClusterSet(t, options);
  const flags = [`--queue=${kind}-cluster/${set.addressOf(named(set))}`, '--queue-deadline=500ms'];
  const instances = [await startInstance(t, { flags }), await startInstance(t, { flags })] as const;
  await untilReady(instances);
  const load = await startLoad(t, instances);
  await load.more(50);
  return { set, instances, load };
}

for (const kind of ['redis', 'bullmq'] as const) {
  test(`${kind} on Cluster: the only named node dies under load, and what is kept is not lost`, async (t) => {
    const { set, instances, load } = await startAll(t, kind, ({ owner }) => [owner]);
    await assertBothHear(instances);
    await set.owner.kill();
    await set.untilOwner(set.replica);
    await untilReady(instances);
    await load.more(100);
    await assertBothHear(instances);
    await assertKeptCame(t, load, set.replica.port, { prefix, password });
    for (const instance of instances) {
      assert.match(String(instance.records('redis.down')[0]?.['reason']), /Redis Cluster/);
      assert.equal(instance.records('redis.up').at(-1)?.['redis'], `127.0.0.1:${set.replica.port}`);
    }
  });

  test(`${kind} on Cluster: the node hangs under load and comes back as a replica`, async (t) => {
    const { set, instances, load } = await startAll(t, kind, ({ others }) => others);
    set.owner.pause();
    await set.untilOwner(set.replica);
    await untilReady(instances);
    await load.more(50);
    set.owner.resume();
    await load.more(50);
    await assertBothHear(instances);
    await assertKeptCame(t, load, set.replica.port, { prefix, password });
  });

  test(`${kind} on Cluster: an orderly change of roles moves everybody, who posts and who does not`, async (t) => {
    const { set, instances, load } = await startAll(t, kind, ({ others }) => others);
    await askRedis(set.replica.port, password, (client) => client.call('cluster', 'failover'));
    await set.untilOwner(set.replica);
    await eventually(
      async () => ((await countClients(set.owner.port, password)) === 0 ? true : undefined),
      'everybody to leave the old node',
    );
    await untilReady(instances);
    await load.more(100);
    await assertBothHear(instances);
    await assertKeptCame(t, load, set.replica.port, { prefix, password });
  });
}
