import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { test } from 'node:test';
import { endWith, type Scope } from '../support/cleanup.ts';
import { signalPid } from '../support/child-pids.ts';
import { eventually } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { request } from '../support/request.ts';
import { connectWs } from '../support/ws-client.ts';
import { crewOf } from './crew-stats.ts';

const msgOf = (frame: unknown): unknown => (frame as { msg: unknown }).msg;

/** One connection, which stays with the worker that it was given to. */
function createConnection(scope: Scope): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  endWith(scope, () => Promise.resolve(agent.destroy()));
  return agent;
}

async function send({ url }: Instance, msg: unknown, agent: Agent): Promise<string> {
  const answer = await post(url, { topic: 'uids', topic_ids: ['a'], msg }, { agent });
  assert.equal(answer.status, 202);
  return (answer.json as { id: string }).id;
}

test('who is answered by one worker and then posts to the other comes in this order', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2'] });
  const client = await connectWs(t, `${instance.wsUrl}/ws?uid=a`);
  const connections = [createConnection(t), createConnection(t)];
  const due = Array.from({ length: 600 }, (_, msg) => msg);
  // Several senders, so that there is load; each of them posts to the workers in turns.
  const sent = due.filter((msg) => msg % 2 === 0);
  const others = Promise.all(
    [createConnection(t), createConnection(t)].map(async (agent) => {
      for (const msg of sent) await send(instance, `other ${msg}`, agent);
    }),
  );
  for (const msg of due) {
    const agent = connections[msg % 2];
    assert.ok(agent !== undefined);
    await send(instance, msg, agent);
  }
  await others;
  await client.count(due.length + 2 * sent.length);
  assert.deepEqual(
    client.frames.map(msgOf).filter((msg) => typeof msg === 'number'),
    due,
  );
  const accepted = (await crewOf(instance)).workers.map(({ counters }) => counters?.['accepted'] ?? 0);
  assert.ok(
    accepted.every((count) => count >= due.length / 2),
    `each worker had its half: ${accepted.join()}`,
  );
});

test('what the kernel does not take at once is accepted when it has, whole and in order', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2', '--connection-budget=64mb'] });
  const client = await connectWs(t, `${instance.wsUrl}/ws?uid=a`);
  // Each is more than a pipe holds.
  const batches = Array.from({ length: 6 }, (_, batch) =>
    Array.from({ length: 200 }, (_each, index) => ({
      topic: 'uids',
      topic_ids: ['a'],
      msg: `${batch} ${index} ${'x'.repeat(2000)}`,
    })),
  );
  const answers = await Promise.all(batches.map((batch) => post(instance.url, batch)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    batches.map(() => 202),
  );
  await client.count(6 * 200);
  const got = client.frames.map((frame) => String(msgOf(frame)));
  for (const [number, batch] of batches.entries()) {
    assert.deepEqual(
      got.filter((msg) => msg.startsWith(`${number} `)),
      batch.map(({ msg }) => msg),
    );
  }
});

test('what was answered is known from then on', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2'] });
  const agents = [createConnection(t), createConnection(t)];
  const client = await connectWs(t, `${instance.wsUrl}/ws?uid=a`);
  for (let msg = 0; msg < 100; msg += 1) {
    const agent = agents[msg % 2];
    assert.ok(agent !== undefined);
    // The first of them leaves the supervisor at rest.
    await send(instance, msg, agent);
    const id = await send(instance, msg, agent);
    const found = await request(`${instance.adminUrl}/messages/${id}`);
    assert.deepEqual([found.status, (found.json as { state?: string }).state], [200, 'appended']);
  }
  await client.count(200);
});

test('what was answered is delivered, although every worker is killed in that moment', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2'] });
  const first = await connectWs(t, `${instance.wsUrl}/ws?uid=a&mid=`);
  const { mid } = (await first.next()) as { mid: number };
  const pids = (await crewOf(instance)).workers.map(({ pid }) => pid ?? 0);
  const answered: string[] = [];
  let next = 0;
  const senders = Array.from({ length: 8 }, async (_, sender) => {
    const agent = createConnection(t);
    for (;;) {
      const msg = `${sender} ${(next += 1)}`;
      const isAnswered = await send(instance, msg, agent).then(
        () => true,
        () => false,
      );
      if (!isAnswered) return;
      answered.push(msg);
      if (answered.length === 500) for (const pid of pids) signalPid(pid, 'SIGKILL');
    }
  });
  await Promise.all(senders);
  await eventually(async () => {
    const { workers } = await crewOf(instance);
    return workers.some(({ isReady, pid }) => isReady && !pids.includes(pid ?? 0)) ? true : undefined;
  }, 'another worker');
  const again = await eventually(
    () => connectWs(t, `${instance.wsUrl}/ws?uid=a&mid=${mid}`).catch(() => undefined),
    'the port to be open',
  );
  await send(instance, 'the end', createConnection(t));
  await again.until((frame) => msgOf(frame) === 'the end');
  assert.equal((again.frames[0] as { resumed: boolean }).resumed, true);
  const got = again.frames.map(msgOf);
  assert.deepEqual(
    answered.filter((msg) => !got.includes(msg)),
    [],
    `of ${answered.length}`,
  );
});
