import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { askRedis, countClients } from '../support/ask-redis.ts';
import { eventually } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { startSentinelSet, type SentinelSet } from '../support/redis-sentinel.ts';
import { assertBothHear, assertKeptCame, startLoad, untilReady, type Load } from './topology-load.ts';

const password = 'p@ss:wo%rd';
const options = { args: ['--appendonly', 'yes', '--appendfsync', 'always'], password, sentinelPassword: 'word' };

interface Running {
  readonly set: SentinelSet;
  readonly instances: readonly [Instance, Instance];
  readonly load: Load;
}

async function startAll(t: TestContext, kind: string, firstArgs: readonly string[] = []): Promise<Running> {
  const set = await startSentinelSet(t, { ...options, firstArgs });
  const flags = [`--queue=${kind}-sentinel/${set.address}`, '--queue-deadline=500ms'];
  const instances = [await startInstance(t, { flags }), await startInstance(t, { flags })] as const;
  await untilReady(instances);
  const load = await startLoad(t, instances);
  await load.more(50);
  assert.equal(await set.master(), set.servers[0]);
  return { set, instances, load };
}

for (const kind of ['redis', 'bullmq'] as const) {
  test(`${kind} by Sentinel: the master dies under load, and what is kept is not lost`, async (t) => {
    const { set, instances, load } = await startAll(t, kind);
    const [first, second] = set.servers;
    await first.kill();
    await set.untilMaster(second);
    await untilReady(instances);
    await load.more(100);
    await assertBothHear(instances);
    await assertKeptCame(t, load, second.port, { prefix: 'tidings', password });
    for (const instance of instances) {
      assert.match(String(instance.records('redis.down')[0]?.['reason']), /^Redis master tidings-master/);
      assert.equal(instance.records('redis.up').at(-1)?.['redis'], `127.0.0.1:${second.port}`);
    }
  });

  test(`${kind} by Sentinel: the master hangs under load and comes back as a stranger`, async (t) => {
    const { set, instances, load } = await startAll(t, kind);
    const [first, second] = set.servers;
    first.pause();
    await set.untilMaster(second);
    await untilReady(instances);
    await load.more(50);
    first.resume();
    await load.more(50);
    await assertBothHear(instances);
    await assertKeptCame(t, load, second.port, { prefix: 'tidings', password });
  });

  test(`${kind} by Sentinel: nobody stays with an old master that goes on as if nothing was`, async (t) => {
    // It does not do what the sentinels say, so that it neither becomes a replica nor sends its clients away.
    const { set, instances, load } = await startAll(t, kind, ['--rename-command', 'SLAVEOF', 'NOT-SLAVEOF']);
    const [first, second] = set.servers;
    await set.changeMaster();
    await set.untilMaster(second);
    await eventually(
      async () => ((await countClients(first.port, password)) === 0 ? true : undefined),
      'everybody to leave the old master',
    );
    await untilReady(instances);
    await load.more(100);
    await assertBothHear(instances);
    await assertKeptCame(t, load, second.port, { prefix: 'tidings', password });
    const role = await askRedis(first.port, password, (client) => client.call('role'));
    assert.equal(Array.isArray(role) && role[0], 'master');
  });
}
