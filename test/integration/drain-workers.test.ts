import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { endWith } from '../support/cleanup.ts';
import { startChild } from '../support/child.ts';
import { eventually, within } from '../support/deadline.ts';
import { plainEnvironment, startInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { serverEntry } from '../support/project.ts';
import { request } from '../support/request.ts';
import { steadyPort } from '../support/steady-port.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { connectWs, refusedWs, type WsClient } from '../support/ws-client.ts';
import { crewOf } from './crew-stats.ts';
import { assertError } from './serving.ts';

const WORKERS = 2;

interface Frame {
  readonly event?: string;
  readonly after_ms?: number;
  readonly msg?: unknown;
}

const connectAll = (t: TestContext, { wsUrl }: Instance, count: number): Promise<WsClient[]> =>
  Promise.all(Array.from({ length: count }, (_, uid) => connectWs(t, `${wsUrl}/ws?uid=${uid}&mid=`)));

test('all at once: the clients of all workers are told to come back over a time that grows with their number', async (t) => {
  const instance = await startInstance(t, { flags: [`--workers=${WORKERS}`, '--drain=0'] });
  const clients = await connectAll(t, instance, 60);
  await instance.stop();
  const waits: number[] = [];
  for (const client of clients) {
    assert.equal((await within(client.closed, 'the goodbye')).code, 1012);
    const { event, after_ms: afterMs } = client.frames.at(-1) as Frame;
    assert.equal(event, 'reconnect');
    waits.push(Number(afterMs));
  }
  // 2 ms for each of them. A worker by itself would say at most half: that none of 60 is above that by chance happens once in 2^60 runs.
  const most = Math.max(...instance.records('draining').map(({ connections }) => Number(connections)));
  const longest = Math.max(...waits);
  assert.ok(longest > 2 * most && longest <= 2 * most * WORKERS, `${longest} ms, with at most ${most} on a worker`);
});

test('while it drains every worker refuses listeners and takes posts; one that dies then takes nobody along', async (t) => {
  const instance = await startInstance(t, { flags: [`--workers=${WORKERS}`, '--drain=10m'] });
  const clients = await connectAll(t, instance, 40);
  const answer = await request(`${instance.adminUrl}/drain`, { method: 'POST' });
  assert.deepEqual([answer.status, answer.json], [202, { status: 'draining', connections: 40 }]);
  for (const number of [1, 2]) await instance.logged('draining', ({ worker }) => worker === number);
  for (let turn = 0; turn < 2 * WORKERS; turn += 1) {
    const { status, json } = await request(`${instance.url}/readyz`, { headers: { connection: 'close' } });
    assert.deepEqual([status, (json as { reason: string }).reason], [503, 'The instance is draining.']);
    assertError(await refusedWs(`${instance.wsUrl}/ws?uid=x`), 'stopping');
  }
  const crew = await crewOf(instance);
  assert.deepEqual([crew.state, crew.readiness.ok], ['draining', false]);

  const victim = crew.workers[0]?.pid ?? 0;
  process.kill(victim, 'SIGKILL');
  await instance.logged('worker.died', ({ pid, how }) => pid === victim && how === 'SIGKILL');
  const withOther = crew.workers[1]?.gauges?.['connections'] ?? 0;
  const staying = await eventually(() => {
    const left = clients.filter((client) => client.isOpen());
    return left.length <= withOther ? left : undefined;
  }, 'the clients of that worker to be cut off');
  for (let turn = 0; turn < 2 * WORKERS; turn += 1) {
    const posted = await post(instance.url, { topic: 'all', msg: turn });
    assert.equal(posted.status, 202, posted.text);
  }
  const hears = (client: WsClient) => client.until((frame) => (frame as Frame).msg === 2 * WORKERS - 1);
  const heard = await Promise.all(staying.map((client) => Promise.race([hears(client), client.closed.then(() => 0)])));
  assert.ok(heard.filter((frame) => frame !== 0).length > 0);
  assert.equal((await request(`${instance.adminUrl}/drain?hurry`, { method: 'POST' })).status, 202);
  for (const client of staying) assert.equal((await within(client.closed, 'the goodbye')).code, 1012);
  await instance.ends();
  assert.deepEqual(await instance.exited, { code: 0, signal: null });
});

/** A supervisor on ports of its own, whose workers get no further than their first line until they may. */
async function startHeld(t: TestContext) {
  const dir = await makeTempDir(t);
  const released = join(dir, 'released');
  const hold = join(dir, 'hold.cjs');
  await writeFile(
    hold,
    `if (process.argv.at(-1) === 'worker') {
       const bell = new Int32Array(new SharedArrayBuffer(4));
       const parent = process.ppid;
       const isHeld = () => process.ppid === parent && !require('node:fs').existsSync(${JSON.stringify(released)});
       while (isHeld()) Atomics.wait(bell, 0, 0, 20);
     }`,
  );
  const [port, adminPort] = [await steadyPort(t), await steadyPort(t)];
  const flags = [`--port=${port}`, `--admin-port=${adminPort}`, `--workers=${WORKERS}`];
  const env = { ...plainEnvironment(), NODE_OPTIONS: `--require=${hold}` };
  const child = await startChild(process.execPath, [serverEntry, 'serve', ...flags], { env });
  endWith(t, async () => {
    if (!child.hasExited()) await child.end('SIGKILL');
  });
  const crew = { adminUrl: `http://127.0.0.1:${adminPort}` };
  const pids = await eventually(async () => {
    const found = (await crewOf(crew).catch(() => undefined))?.workers.flatMap(({ pid }) => pid ?? []);
    return found?.length === WORKERS ? found : undefined;
  }, 'the workers to be started');
  return { child, port, pids, release: () => writeFile(released, '') };
}

test('nobody is let in before there is a worker to answer: a proxy has gone elsewhere by then', async (t) => {
  const { child, port, release } = await startHeld(t);
  assert.equal(await knock(port), 'ECONNREFUSED');
  await release();
  await child.line((line) => line.includes('"event":"listening"'), 'to listen');
  assert.equal(await knock(port), 'open');
  assert.deepEqual(await child.end('SIGTERM'), { code: 0, signal: null });
});

test('a stop while its workers start is a stop: it exits 0, and none of them is left', async (t) => {
  const { child, pids, release } = await startHeld(t);
  child.signal('SIGTERM');
  await release();
  assert.deepEqual(await within(child.exited, 'the end'), { code: 0, signal: null });
  assert.equal(child.lines.filter((line) => line.includes('"level":50')).length, 0, child.lines.join('\n'));
  for (const pid of pids) assert.equal(existsSync(`/proc/${pid}`), false, `worker ${pid} is left`);
});

function knock(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve('open'));
    socket.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    socket.once('connect', () => socket.destroy());
  });
}
