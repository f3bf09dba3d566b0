import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { eventually, within } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { startRedis } from '../support/redis.ts';
import { steadyPort } from '../support/steady-port.ts';
import { connectWs, type WsClient } from '../support/ws-client.ts';
import { crewOf } from './crew-stats.ts';

const WORKERS = 2;

/** What one hand-back to the primary takes for each client, of the instance as a whole. */
const EACH_MS = 100;

interface Frame {
  readonly event?: string;
  readonly mid: number;
  readonly msg?: unknown;
  readonly resumed?: boolean;
}

const framesOf = ({ frames }: WsClient): readonly Frame[] => frames as Frame[];

/** The newest message that the client has. */
const cursorOf = (client: WsClient): number =>
  framesOf(client).reduce((mid, frame) => Math.max(mid, frame.mid ?? 0), 0);

const open = (t: TestContext, { wsUrl }: Instance, uid: number, mid: number | '' = ''): Promise<WsClient> =>
  connectWs(t, `${wsUrl}/ws?uid=${uid}&mid=${mid}`);

async function connectAll(t: TestContext, instance: Instance, count: number): Promise<WsClient[]> {
  return Promise.all(Array.from({ length: count }, (_, uid) => open(t, instance, uid)));
}

const gone = (clients: readonly WsClient[]): number => clients.filter((client) => !client.isOpen()).length;

test('a backup with workers: one watch, and each worker hands its clients back, also one that was replaced meanwhile', async (t) => {
  const redis = await startRedis(t);
  const port = await steadyPort(t);
  const flags = [`--queue=redis/${redis.address}`, `--workers=${WORKERS}`];
  const backup = await startInstance(t, {
    flags: [...flags, `--backup-of=http://127.0.0.1:${port}`, '--failback-after=1s', '--drain=20s'],
  });
  await backup.logged('primary.away');
  const clients = await connectAll(t, backup, 12);
  assert.equal((await post(backup.url, { topic: 'all', msg: 'before' })).status, 202);
  await Promise.all(clients.map((client) => client.until((frame) => (frame as Frame).msg === 'before')));

  const primary = await startInstance(t, { flags: [...flags, `--port=${port}`] });
  await backup.logged('primary.well');
  const [first] = (await crewOf(backup)).workers;
  const victim = first?.pid ?? 0;
  process.kill(victim, 'SIGKILL');
  const lost = first?.gauges?.['connections'] ?? 0;
  assert.ok(lost > 0 && lost < clients.length, `${lost} are with it`);
  await eventually(() => gone(clients) === lost || undefined, 'the clients of that worker to be cut off');
  await backup.logged('worker.ready', ({ worker, pid }) => worker === 1 && pid !== victim);
  for (const [uid, client] of clients.entries()) {
    if (!client.isOpen()) clients[uid] = await open(t, backup, uid, cursorOf(client));
  }
  const before = (await crewOf(backup)).workers.map(({ gauges }) => gauges?.['connections'] ?? 0);
  assert.ok(
    before.every((count) => count > 0),
    'each has some of them',
  );

  const ends = await within(Promise.all(clients.map(({ closed }) => closed)), 'all to be handed back', 60_000);
  assert.deepEqual(new Set(ends.map(({ code }) => code)), new Set([1012]));
  for (const client of clients) assert.equal(framesOf(client).at(-1)?.event, 'reconnect');
  assert.equal((await post(backup.url, { topic: 'all', msg: 'while they move' })).status, 202);
  for (const [uid, client] of clients.entries()) {
    const again = await open(t, primary, uid, cursorOf(client));
    await again.count(2);
    assert.deepEqual(
      framesOf(again).map(({ resumed, msg }) => resumed ?? msg),
      [true, 'while they move'],
    );
  }

  const watched = ['primary.away', 'primary.recovering', 'primary.well'].map((event) => backup.records(event).length);
  assert.deepEqual(watched, [1, 1, 1]);
  const rounds = backup.records('handing-back');
  assert.deepEqual(new Set(rounds.map(({ worker }) => worker)), new Set([1, 2]));
  for (const { connections, overMs } of rounds) assert.equal(overMs, Number(connections) * WORKERS * EACH_MS);
  const handedBack = () =>
    crewOf(backup).then(({ counters }) => counters['handedBack'] === clients.length || undefined);
  await eventually(handedBack, 'the sum of those who were handed back');
  const { gauges, backup: report } = await crewOf(backup);
  assert.equal(gauges['connections'], 0);
  assert.equal(report?.primary, 'well');
});

test('a primary that fails again: the hand-back of every worker ends at once', async (t) => {
  const port = await steadyPort(t);
  const backup = await startInstance(t, {
    flags: [`--workers=${WORKERS}`, `--backup-of=http://127.0.0.1:${port}`, '--failback-after=2s', '--drain=10m'],
  });
  const clients = await connectAll(t, backup, 80);
  const primary = await startInstance(t, { flags: [`--port=${port}`] });
  for (const number of [1, 2]) await backup.logged('handing-back', ({ worker }) => worker === number);
  await within(Promise.race(clients.map(({ closed }) => closed)), 'the first to be handed back', 30_000);
  await primary.kill();
  const { afterMs } = await backup.logged('primary.away', ({ afterMs: after }) => after !== 2000);
  assert.equal(afterMs, 4000);
  for (const number of [1, 2]) await backup.logged('handed-back', ({ worker }) => worker === number);
  const { counters } = await crewOf(backup);
  await eventually(() => gone(clients) === counters['handedBack'] || undefined, 'those who were told to go');
  assert.ok(gone(clients) < clients.length, 'some are left to stay');
  assert.equal(backup.records('primary.away').length, 2);
  // Its drain would take minutes.
  process.kill(backup.pid, 'SIGTERM');
  await backup.logged('draining');
  await backup.stop();
});
