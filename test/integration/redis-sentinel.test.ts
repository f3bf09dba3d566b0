import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { eventually } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { asked, startSentinelSet, type SentinelSet } from '../support/redis-sentinel.ts';
import type { Redis } from '../support/redis.ts';
import { startLoad, untilReady, type Load } from './topology-load.ts';

const password = 'p@ss:wo%rd';
const options = { args: ['--appendonly', 'yes', '--appendfsync', 'always'], password, sentinelPassword: 'word' };

interface Running {
  readonly set: SentinelSet;
  readonly instances: readonly Instance[];
  readonly load: Load;
}

async function startAll(t: TestContext, kind: string): Promise<Running> {
  const set = await startSentinelSet(t, options);
  const flags = [`--queue=${kind}-sentinel/${set.address}`, '--queue-deadline=500ms'];
  const instances = [await startInstance(t, { flags }), await startInstance(t, { flags })];
  await untilReady(instances);
  const load = await startLoad(t, instances);
  await load.more(50);
  assert.equal(await set.master(), set.servers[0]);
  return { set, instances, load };
}

/**
 * What clients missed is not in the new master, which got it too late or never; what came to them twice is there once: the first copy was
 * told and lost by Redis before it was appended again.
 */
async function assertKeptCame(t: TestContext, load: Load, { port }: Redis): Promise<void> {
  const { missed, repeated } = await load.end();
  await asked(port, password, async (client) => {
    for (const id of missed) {
      const state = await client.get(`tidings:i:${id}`);
      // 0: a claim whose job was lost.
      assert.match(state ?? '0 ', /^0 /, `${id} is kept and did not come`);
    }
    for (const mids of repeated) {
      const kept = await Promise.all(mids.map((mid) => client.xrange('tidings:log', mid, mid)));
      assert.equal(kept.flat().length, 1, `of ${mids.join()} all but one were lost by Redis`);
    }
  });
  t.diagnostic(
    `${load.accepted.length} accepted; lost by replication: ${missed.length} missed, ${repeated.length} came twice; ` +
      `refused: ${JSON.stringify([...load.refusals])}; no 202 for ${load.longestPauseMs().toFixed(0)} ms at most`,
  );
}

for (const kind of ['redis', 'bullmq'] as const) {
  test(`${kind} by Sentinel: the master dies under load, and what is kept is not lost`, async (t) => {
    const { set, instances, load } = await startAll(t, kind);
    const [first, second] = set.servers;
    await first.kill();
    await set.untilMaster(second);
    await untilReady(instances);
    await load.more(100);
    await assertKeptCame(t, load, second);
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
    await assertKeptCame(t, load, second);
  });

  test(`${kind} by Sentinel: nobody stays with an old master that goes on as if nothing was`, async (t) => {
    const { set, instances, load } = await startAll(t, kind);
    const [first, second] = set.servers;
    await set.changeMaster();
    await set.untilMaster(second);
    // Nobody is left who could tell the old master that it is none, or its clients to go.
    for (const sentinel of set.sentinels) await sentinel.kill();
    await eventually(async () => {
      const clients = await asked(first.port, password, (client) => client.client('LIST', 'TYPE', 'NORMAL'));
      // The one that asks.
      return String(clients).trim().split('\n').length === 1 ? true : undefined;
    }, 'everybody to leave the old master');
    await untilReady(instances);
    await load.more(100);
    await assertKeptCame(t, load, second);
    const role = await asked(first.port, password, (client) => client.call('role'));
    assert.equal(Array.isArray(role) && role[0], 'master');
  });
}
