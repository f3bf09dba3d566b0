import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { eventually, within } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { startRedis } from '../support/redis.ts';
import { request } from '../support/request.ts';
import { connectWs, type WsClient } from '../support/ws-client.ts';
import { steadyPort } from '../support/steady-port.ts';

const MIN_STAY_MS = 10_000;

interface Stats {
  readonly gauges: { readonly connections: number };
  readonly counters: Readonly<Record<string, number>>;
  readonly backup: { readonly of: string; readonly primary: string; readonly since: number } | null;
}

interface Frame {
  readonly event?: string;
  readonly mid: number;
  readonly msg?: unknown;
  readonly resumed?: boolean;
}

const stats = async (instance: Instance): Promise<Stats> => (await request(`${instance.adminUrl}/stats`)).json as Stats;

const framesOf = ({ frames }: WsClient): readonly Frame[] => frames as Frame[];

async function send(instance: Instance, msg: unknown): Promise<void> {
  assert.equal((await post(instance.url, { topic: 'all', msg })).status, 202);
}

/** Both instances know who they are; who asks /readyz learns it. */
async function nameOf(instance: Instance): Promise<string> {
  const { status, instance: name } = (await request(`${instance.url}/readyz`)).json as Record<string, string>;
  assert.equal(status, 'ready');
  return String(name);
}

const until = (instance: Instance, state: string) =>
  eventually(async () => {
    const { backup } = await stats(instance);
    return backup?.primary === state ? backup : undefined;
  }, `the primary to be ${state}`);

/** The number of clients that have been closed. */
const gone = (clients: readonly WsClient[]): number => clients.filter((client) => !client.isOpen()).length;

test('the primary comes back: its clients are told to go to it, resume there without loss, and so is who comes later', async (t) => {
  const redis = await startRedis(t);
  const port = await steadyPort(t);
  const queue = `--queue=redis/${redis.address}`;
  const primaryUrl = `http://127.0.0.1:${port}`;
  const backup = await startInstance(t, {
    flags: [queue, `--backup-of=${primaryUrl}`, '--failback-after=1s', '--drain=2s'],
  });
  const { reason } = await backup.logged('primary.away');
  assert.equal(reason, 'ECONNREFUSED');
  const openedMs = performance.now();
  const clients = await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      connectWs(t, `${backup.wsUrl}/ws?uid=${index}${index % 4 === 0 ? '' : '&mid='}`),
    ),
  );
  await send(backup, 'before');

  const primary = await startInstance(t, { flags: [queue, `--port=${port}`] });
  const well = await until(backup, 'well');
  assert.equal(well.of, primaryUrl);
  assert.ok(Math.abs(Date.now() - well.since) < 60_000);
  assert.deepEqual(
    ['primary.away', 'primary.recovering', 'primary.well'].map((event) => backup.records(event).length),
    [1, 1, 1],
  );

  // Nobody is sent away before his time; then all are, one after the other, and the door stays open.
  await within(Promise.race(clients.map(({ closed }) => closed)), 'the first to be handed back', 30_000);
  assert.ok(performance.now() - openedMs >= MIN_STAY_MS);
  const late = await connectWs(t, `${backup.wsUrl}/ws?uid=late&mid=`);
  const lateMs = performance.now();
  assert.notEqual(await nameOf(backup), await nameOf(primary));
  const ends = await within(Promise.all(clients.map(({ closed }) => closed)), 'all to be handed back', 30_000);
  assert.deepEqual(new Set(ends.map(({ code }) => code)), new Set([1012]));
  for (const client of clients) {
    const isTracked = framesOf(client)[0]?.event === 'welcome';
    assert.equal(framesOf(client).at(-1)?.event === 'reconnect', isTracked);
  }
  await send(backup, 'while they move');
  for (const [index, client] of clients.entries()) {
    const cursor = framesOf(client).find(({ msg }) => msg === 'before')?.mid;
    if (cursor === undefined) continue;
    const again = await connectWs(t, `${primary.wsUrl}/ws?uid=${index}&mid=${cursor}`);
    await again.count(2);
    assert.deepEqual(
      framesOf(again).map(({ resumed, msg }) => resumed ?? msg),
      [true, 'while they move'],
    );
  }

  assert.ok(late.isOpen(), 'who has just come is not sent away at once');
  assert.equal((await within(late.closed, 'the late one to be handed back', 30_000)).code, 1012);
  assert.ok(performance.now() - lateMs >= MIN_STAY_MS);
  const { gauges, counters } = await stats(backup);
  assert.equal(gauges.connections, 0);
  assert.equal(counters['handedBack'], clients.length + 1);
  assert.equal((await stats(primary)).backup, null);
});

test('a primary that fails again keeps nobody: the hand-back ends at once, and it is waited for longer', async (t) => {
  const port = await steadyPort(t);
  const backup = await startInstance(t, {
    flags: [`--backup-of=http://127.0.0.1:${port}`, '--failback-after=2s', '--drain=10m'],
  });
  const clients = await Promise.all(
    Array.from({ length: 80 }, (_, index) => connectWs(t, `${backup.wsUrl}/ws?uid=${index}`)),
  );
  const primary = await startInstance(t, { flags: [`--port=${port}`] });
  await within(Promise.race(clients.map(({ closed }) => closed)), 'the first to be handed back', 30_000);
  await primary.kill();
  const { afterMs } = await backup.logged('primary.away', ({ afterMs: after }) => after !== 2000);
  assert.equal(afterMs, 4000);
  const { counters } = await stats(backup);
  await eventually(() => gone(clients) === counters['handedBack'] || undefined, 'those who were told to go');
  const stayed = clients.length - gone(clients);
  assert.ok(stayed > 0, 'some are left to stay');

  // It is back, and well: the rest goes on. In between nobody has gone.
  await startInstance(t, { flags: [`--port=${port}`] });
  await backup.logged('primary.recovering', ({ afterMs: after }) => after === 4000);
  assert.equal(clients.length - gone(clients), stayed);
  await within(
    Promise.race(clients.filter((client) => client.isOpen()).map(({ closed }) => closed)),
    'another',
    30_000,
  );
  await hurry(backup);
});

test('a backup of itself says so, and sends nobody away', async (t) => {
  const port = await steadyPort(t);
  const instance = await startInstance(t, {
    flags: [`--port=${port}`, `--backup-of=http://127.0.0.1:${port}`, '--failback-after=1s'],
  });
  await instance.logged('primary.itself');
  await instance.logged('primary.away', ({ reason }) => reason === 'it is this very instance');
  assert.equal((await stats(instance)).backup?.primary, 'away');
});

/** Its drain would take minutes. */
async function hurry(instance: Instance): Promise<void> {
  process.kill(instance.pid, 'SIGTERM');
  await instance.logged('draining');
  await instance.stop();
}

test('with the list queue a client that was handed back is told that something may be missing', async (t: TestContext) => {
  const primary = await startInstance(t);
  const backup = await startInstance(t);
  // Each numbers by itself. A cursor of the other one's is above what this one has, or below what it has since its start.
  await send(backup, 'on the backup');
  const client = await connectWs(t, `${backup.wsUrl}/ws?uid=1&mid=`);
  await send(backup, 'heard');
  await client.count(2);
  const cursor = framesOf(client)[1]?.mid ?? Number.NaN;
  for (const msgs of [[], ['on the primary']]) {
    for (const msg of msgs) await send(primary, msg);
    const moved = await connectWs(t, `${primary.wsUrl}/ws?uid=1&mid=${cursor}`);
    const welcome = (await moved.next()) as Frame;
    assert.equal(welcome.resumed, false, JSON.stringify({ welcome, cursor }));
  }
});
