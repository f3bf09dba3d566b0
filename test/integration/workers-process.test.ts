import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/deadline.ts';
import { freePort } from '../support/free-port.ts';
import { startInstance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { request } from '../support/request.ts';
import { runTidings } from '../support/run-command.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { connectWs, type WsClient } from '../support/ws-client.ts';
import { crewOf } from './crew-stats.ts';

const msgOf = (frame: unknown): unknown => (frame as { msg: unknown }).msg;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a worker that is killed is replaced, and its clients resume on the others without a loss', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2'] });
  const open = (uid: number, mid: number | ''): Promise<WsClient> =>
    connectWs(t, `${instance.wsUrl}/ws?uid=${uid}&mid=${mid}`);
  const clients = await Promise.all(Array.from({ length: 8 }, (_, uid) => open(uid, '')));
  const cursors = await Promise.all(clients.map(async (client) => ((await client.next()) as { mid: number }).mid));
  const before = await crewOf(instance);
  const victim = before.workers[0]?.pid ?? 0;
  process.kill(victim, 'SIGKILL');
  await instance.logged('worker.died', ({ pid, how }) => pid === victim && how === 'SIGKILL');
  const dead: number[] = [];
  for (const [uid, client] of clients.entries()) void client.closed.then(() => dead.push(uid));
  const withIt = before.workers[0]?.gauges?.['connections'] ?? 0;
  assert.ok(withIt > 0 && withIt < 8, `${withIt} of 8 are with it`);
  await eventually(() => (dead.length === withIt ? true : undefined), 'its clients to be closed');
  for (let uid = 0; uid < 8; uid += 1) {
    const answer = await post(instance.url, { topic: 'uids', topic_ids: [String(uid)], msg: `while ${uid} was away` });
    assert.equal(answer.status, 202);
  }
  for (const uid of dead) {
    const again = await open(uid, cursors[uid] ?? 0);
    assert.equal(((await again.next()) as { resumed: boolean }).resumed, true);
    assert.equal(msgOf(await again.next()), `while ${uid} was away`);
  }
  await eventually(async () => {
    const [worker] = (await crewOf(instance)).workers;
    return worker?.isReady === true && worker.pid !== victim && worker.restarts === 1 ? true : undefined;
  }, 'the replacement');
  // The sums go on from what the dead one had counted.
  const { counters, workers } = await crewOf(instance);
  assert.deepEqual([counters['connected'], counters['accepted']], [8 + dead.length, 8]);
  assert.ok(workers.reduce((sum, each) => sum + (each.counters?.['connected'] ?? 0), 0) < 8 + dead.length);
});

test('when the supervisor is killed, its workers leave at once', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2'] });
  const client = await connectWs(t, `${instance.wsUrl}/ws?uid=1`);
  const pids = (await crewOf(instance)).workers.map(({ pid }) => pid ?? 0);
  assert.equal(pids.filter(isAlive).length, 2);
  await instance.kill();
  await client.closed;
  await eventually(() => (pids.some(isAlive) ? undefined : true), 'the workers to be gone');
});

test('a worker that answers a supervisor which was killed meanwhile leaves without an outcry', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2'] });
  const pids = (await crewOf(instance)).workers.map(({ pid }) => pid ?? 0);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  // Asks them all: when they go on they read the question first, and answer it.
  await crewOf(instance);
  const killed = instance.kill();
  await eventually(() => (isAlive(instance.pid) ? undefined : true), 'the supervisor to be gone');
  for (const pid of pids) process.kill(pid, 'SIGCONT');
  await killed;
  assert.deepEqual(
    instance.lines.filter((line) => /EPIPE|throw/.test(line)),
    [],
  );
});

test('a stop hands over the clients of all workers in its time, whoever else hears the signal, and exits 0', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2', '--drain=2s'] });
  const clients = await Promise.all(
    Array.from({ length: 40 }, (_, uid) => connectWs(t, `${instance.wsUrl}/ws?uid=${uid}&mid=`)),
  );
  const { workers } = await crewOf(instance);
  // As a terminal does it: everybody in the group is told, and the workers twice.
  for (const { pid } of [...workers, ...workers]) process.kill(pid ?? 0, 'SIGTERM');
  for (const { pid } of workers) process.kill(pid ?? 0, 'SIGINT');
  const stopping = instance.stop();
  await instance.logged('draining', ({ worker }) => worker === 1);
  await instance.logged('draining', ({ worker }) => worker === 2);
  const answer = await post(instance.url, { topic: 'all', msg: 'while it drains' }).catch(() => undefined);
  assert.ok(answer === undefined || answer.status === 202);
  await stopping;
  assert.deepEqual(await instance.exited, { code: 0, signal: null });
  for (const client of clients) assert.equal((await client.closed).code, 1012);
  assert.equal(instance.records('drained').length, 2);
  assert.equal(instance.records('hurried').length, 0);
});

test('a second signal hurries the workers', async (t) => {
  const instance = await startInstance(t, { flags: ['--workers=2', '--drain=60s'] });
  const clients = await Promise.all(
    Array.from({ length: 200 }, (_, uid) => connectWs(t, `${instance.wsUrl}/ws?uid=${uid}&mid=`)),
  );
  process.kill(instance.pid, 'SIGTERM');
  await instance.logged('draining', ({ worker }) => worker === 1);
  await instance.logged('draining', ({ worker }) => worker === 2);
  await instance.stop();
  for (const client of clients) assert.equal((await client.closed).code, 1012);
  assert.equal(instance.records('hurried').length, 2);
});

test('a port that is taken is said in one line, and the exit is 69', async (t) => {
  const first = await startInstance(t, { flags: ['--workers=2', `--port=${await freePort()}`] });
  const port = new URL(first.url).port;
  const { code, stderr } = await runTidings(['serve', '--workers=2', `--port=${port}`, '--admin-port=0']);
  assert.equal(code, 69);
  assert.match(stderr, new RegExp(`tidings: port: 127\\.0\\.0\\.1:${port} is in use; choose another with --port=N`));
  assert.equal((await request(`${first.url}/readyz`)).status, 200);
});

test('a worker that cannot start is said in one line, and the exit is 69', async (t) => {
  const broken = join(await makeTempDir(t), 'broken.cjs');
  await writeFile(broken, "if (process.argv.at(-1) === 'worker') process.exit(3);");
  const { code, stderr } = await runTidings(['serve', '--workers=2', '--port=0', '--admin-port=0'], {
    env: { NODE_OPTIONS: `--require=${broken}` },
  });
  assert.equal(code, 69);
  assert.match(stderr, /^tidings: worker [12] has ended with 3 before it was ready$/m);
  assert.doesNotMatch(stderr, /\n +at /);
});
