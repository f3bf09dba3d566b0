import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cpuMicros } from '../../bench/load/proc-stat.ts';
import { openClient } from '../contract/redis-client.ts';
import { eventually } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { startRedis, type Redis } from '../support/redis.ts';
import { request } from '../support/request.ts';
import { connectWs, type WsClient } from '../support/ws-client.ts';
import { assertError } from './serving.ts';

type Client = ReturnType<typeof openClient>;

/** A way for Redis to be of no use, and the end of it. `says`: what an operator reads in the answer and in /readyz. */
interface Outage {
  readonly name: string;
  readonly says: RegExp;
  begin(redis: Redis, client: Client): Promise<unknown> | void;
  end(redis: Redis, client: Client): Promise<unknown> | void;
}

const outages: readonly Outage[] = [
  {
    name: 'is killed',
    says: /Redis at \S+ (does not answer \(ECONNREFUSED\)|has closed the connection)/,
    begin: (redis) => redis.kill(),
    end: (redis) => redis.start(),
  },
  {
    name: 'hangs',
    says: /Redis at \S+ (does not answer|gave no answer)/,
    begin: (redis) => redis.pause(),
    end: (redis) => redis.resume(),
  },
  {
    name: 'is out of memory',
    says: /refuses: OOM/,
    begin: (_redis, client) => client.config('SET', 'maxmemory', '1'),
    end: (_redis, client) => client.config('SET', 'maxmemory', '0'),
  },
  {
    name: 'has become a replica',
    says: /refuses: READONLY/,
    begin: (_redis, client) => client.replicaof('127.0.0.1', '1'),
    end: (_redis, client) => client.replicaof('NO', 'ONE'),
  },
  {
    name: 'wants a password',
    says: /refuses: NOAUTH/,
    async begin(_redis, client) {
      await client.config('SET', 'requirepass', 'secret');
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    },
    end: (_redis, client) => client.config('SET', 'requirepass', ''),
  },
];

const deadlineMs = 300;
const listeners = 30;

/** For how long the CPU of an outage is measured. */
const measuredMs = 3000;

/** A process that spins takes all of a core. What it does in an outage, reconnects and probes, is far below this share. */
const maxCpuShare = 0.05;

/** The same for a process that has just started, whose code is still being compiled: what spins takes four times as much. */
const maxStartShare = 0.1;

// Each has a Redis and an instance of its own, and they do next to nothing: that is what is measured.
describe('outages', { concurrency: 4 }, () => {
  for (const kind of ['redis', 'bullmq'] as const) {
    for (const { name, says, begin, end } of outages) {
      test(`${kind}, Redis ${name}: 503 with a reason, sockets stay, nothing spins, and it recovers`, async (t) => {
        const redis = await startRedis(t);
        const client = openClient(t, redis.url);
        const instance = await startInstance(t, {
          flags: [`--queue=${kind}/${redis.address}`, `--queue-deadline=${deadlineMs}ms`],
        });
        await untilReady(instance);
        const clients: WsClient[] = [];
        for (let uid = 0; uid < listeners; uid += 1) {
          clients.push(await connectWs(t, `${instance.wsUrl}/ws?uid=${uid}&mid=`));
        }
        const before = (await clients[0]?.next()) as { mid: number };

        await begin(redis, client);
        const readiness = await eventually(async () => {
          const answer = await request(`${instance.url}/readyz`);
          return answer.status === 503 && says.test(answer.text) ? answer : undefined;
        }, `/readyz to say ${says}`);
        assert.match(readiness.text, says);
        const answer = await post(instance.url, { topic: 'all', msg: 'refused', id: 'once' });
        assertError(answer, 'queue_unavailable');
        assert.match(answer.text, says);
        assert.match(answer.headers['retry-after'] ?? '', /^\d+$/);
        assert.equal((await request(`${instance.adminUrl}/stats`)).status, 200);
        // One who comes back meanwhile is taken, and waits.
        const late = await connectWs(t, `${instance.wsUrl}/ws?uid=0&mid=${before.mid - 1}`);

        const share = await cpuShare(instance);
        assert.ok(share <= maxCpuShare, `${(share * 100).toFixed(1)} % of a core`);
        assertError(await post(instance.url, { topic: 'all', msg: 'refused', id: 'once' }), 'queue_unavailable');

        await end(redis, client);
        await untilReady(instance);
        const again = await post(instance.url, { topic: 'all', msg: 'refused', id: 'once' });
        assert.equal(again.status, 202, again.text);
        for (const listener of [...clients, late]) {
          await listener.until((frame) => (frame as { id?: string }).id === 'once');
          assert.equal(listener.frames.filter((frame) => (frame as { id?: string }).id === 'once').length, 1);
          assert.ok(listener.isOpen());
        }
      });
    }
  }

  test('bullmq, started while Redis refuses: nothing spins, and it recovers', async (t) => {
    const redis = await startRedis(t);
    const client = openClient(t, redis.url);
    await client.config('SET', 'maxmemory', '1');
    const instance = await startInstance(t, {
      flags: [`--queue=bullmq/${redis.address}`, `--queue-deadline=${deadlineMs}ms`],
    });
    const share = await cpuShare(instance);
    assert.ok(share <= maxStartShare, `${(share * 100).toFixed(1)} % of a core`);
    await client.config('SET', 'maxmemory', '0');
    await untilReady(instance);
    const listener = await connectWs(t, `${instance.wsUrl}/ws?uid=1&mid=`);
    assert.equal((await post(instance.url, { topic: 'all', msg: 'm', id: 'once' })).status, 202);
    await listener.until((frame) => (frame as { id?: string }).id === 'once');
  });
});

function untilReady({ url }: Instance): Promise<true> {
  return eventually(
    async () => ((await request(`${url}/readyz`)).status === 200 ? true : undefined),
    'the instance to be ready',
  );
}

/** The share of one core that the process takes over some seconds, while nobody asks it for anything. */
async function cpuShare({ pid }: Instance): Promise<number> {
  const startMs = performance.now();
  const startMicros = cpuMicros([pid]);
  await new Promise((resolve) => setTimeout(resolve, measuredMs));
  return (cpuMicros([pid]) - startMicros) / 1000 / (performance.now() - startMs);
}
