import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { test } from 'node:test';
import { eventually, within } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { openRaw } from '../support/raw-socket.ts';
import { startRedis } from '../support/redis.ts';
import { request } from '../support/request.ts';
import { runTidings } from '../support/run-command.ts';
import { connectWs, refusedWs, type WsClient } from '../support/ws-client.ts';
import type { Scope } from '../support/cleanup.ts';
import { assertError, ended, readAnswers } from './serving.ts';
import { portOf, startOnRedis } from './nginx/proxy.ts';

interface Frame {
  readonly event?: string;
  readonly after_ms?: number;
  readonly mid?: number;
  readonly msg?: unknown;
}

const framesOf = ({ frames }: WsClient): readonly Frame[] => frames as readonly Frame[];
const msgsOf = (client: WsClient): unknown[] => framesOf(client).flatMap(({ event, msg }) => (event ? [] : [msg]));

/** Half of them tracked, half plain. */
async function connectBoth(scope: Scope, { wsUrl }: Instance, count: number) {
  const tracked: WsClient[] = [];
  const plain: WsClient[] = [];
  for (let n = 0; n < count; n += 2) {
    tracked.push(await connectWs(scope, `${wsUrl}/ws?uid=${n}&mid=`));
    plain.push(await connectWs(scope, `${wsUrl}/ws?uid=${n + 1}`));
  }
  return { tracked, plain, all: [...tracked, ...plain] };
}

const drain = ({ adminUrl }: Instance, query = '') => request(`${adminUrl}/drain${query}`, { method: 'POST' });
const statsOf = async ({ adminUrl }: Instance) =>
  (await request(`${adminUrl}/stats`)).json as { state: string; gauges: { connections: number } };

test('while it drains it refuses connections and answers posts; those who are left hear them; told to hurry it ends', async (t) => {
  const instance = await startInstance(t, { flags: ['--drain=10m'] });
  const clients = await connectBoth(t, instance, 40);
  assert.equal((await statsOf(instance)).state, 'ready');

  const answer = await drain(instance);
  assert.equal(answer.status, 202);
  assert.deepEqual(answer.json, { status: 'draining', connections: 40 });
  assert.equal((await statsOf(instance)).state, 'draining');
  const { status, json } = await request(`${instance.url}/readyz`);
  assert.equal(status, 503);
  assert.equal((json as Record<string, unknown>)['reason'], 'The instance is draining.');
  assert.equal((await request(`${instance.url}/healthz`)).status, 200);
  assertError(await refusedWs(`${instance.wsUrl}/ws?uid=x`), 'stopping');
  // Again it changes nothing.
  assert.equal((await drain(instance)).status, 202);

  // One goes within a second, and the rest have 10 minutes.
  await within(Promise.race(clients.all.map(({ closed }) => closed)), 'the first to be closed');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  for (const msg of ['one', 'two']) {
    const posted = await post(instance.url, { topic: 'all', msg }, { agent });
    assert.equal(posted.status, 202, posted.text);
    assert.equal(posted.headers['connection'], 'keep-alive', 'or a proxy would have to connect anew for each post');
  }
  const staying = clients.all.filter((client) => client.isOpen());
  assert.ok(staying.length >= 20, `${staying.length} of 40 stay`);
  await Promise.all(staying.map((client) => client.until((frame) => (frame as Frame).msg === 'two')));

  assert.equal((await drain(instance, '?hurry')).status, 202);
  for (const client of clients.all) {
    assert.deepEqual(await within(client.closed, 'the goodbye'), { code: 1012, reason: 'the server hands over' });
  }
  for (const client of clients.tracked) {
    const last = framesOf(client).at(-1);
    assert.equal(last?.event, 'reconnect');
    assert.ok(Number.isInteger(last?.after_ms) && Number(last?.after_ms) <= 500, JSON.stringify(last));
  }
  assert.equal(new Set(clients.tracked.map((client) => framesOf(client).at(-1)?.after_ms)).size > 5, true);
  for (const client of clients.plain) assert.ok(framesOf(client).every(({ event }) => event === undefined));
  for (const client of staying) assert.deepEqual(msgsOf(client), ['one', 'two']);
  await instance.ends();
  assert.equal(instance.records('draining')[0]?.['connections'], 40);
  assert.equal(instance.records('hurried').length, 1);
});

test('clients that are handed over resume on another instance: every message once, in order', async (t) => {
  const redis = await startRedis(t);
  const from = await startOnRedis(t, redis, ['--drain=1500ms']);
  const to = await startOnRedis(t, redis);
  const count = 30;
  const got = Array.from({ length: count }, () => [] as number[]);
  let posted = 0;
  let isOver = false;
  const posting = (async () => {
    while (!isOver) {
      const answer = await post(posted % 2 === 0 ? from.url : to.url, { topic: 'all', msg: posted }).catch(
        () => undefined,
      );
      // Both take posts until the first has gone.
      if (answer === undefined) assert.ok(from.records('drained').length > 0);
      else assert.equal(answer.status, 202, answer.text);
      if (answer !== undefined) posted += 1;
      else isOver = true;
    }
  })();

  async function follow(uid: number): Promise<WsClient> {
    const first = await connectWs(t, `${from.wsUrl}/ws?uid=${uid}&mid=`);
    const { reason } = await within(first.closed, 'to be handed over', 20_000);
    assert.equal(reason, 'the server hands over');
    const cursor = framesOf(first).reduce((mid, frame) => Math.max(mid, frame.mid ?? 0), 0);
    const second = await connectWs(t, `${to.wsUrl}/ws?uid=${uid}&mid=${cursor}`);
    assert.equal(((await second.next()) as { resumed: boolean }).resumed, true);
    got[uid] = msgsOf(first) as number[];
    return second;
  }
  const following = Array.from({ length: count }, (_, uid) => follow(uid));
  await eventually(async () => (await statsOf(from)).gauges.connections === count || undefined, 'all to be there');
  await eventually(() => posted > 20 || undefined, 'some posts');
  await Promise.all([from.stop(), posting]);
  const seconds = await Promise.all(following);
  const end = posted;
  assert.equal((await post(to.url, { topic: 'all', msg: end })).status, 202);
  for (const [uid, second] of seconds.entries()) {
    await second.until((frame) => (frame as Frame).msg === end);
    const all = [...(got[uid] ?? []), ...(msgsOf(second) as number[])];
    const from0 = all[0] ?? 0;
    assert.deepEqual(
      all,
      Array.from({ length: end - from0 + 1 }, (_, n) => from0 + n),
      `of ${uid}`,
    );
    assert.ok(all.length > 20);
  }
});

test('what comes on a connection that was open is answered after the listener has closed, and said to be the last', async (t) => {
  const instance = await startInstance(t, { flags: ['--drain=1s'] });
  const text = JSON.stringify({ topic: 'all', msg: 'm' });
  const head = `POST /send HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n`;
  const idle = await openRaw(t, instance.url);
  await idle.write(head + text);
  await idle.receivedUntil((received) => readAnswers(received).length === 1, 'the first answer');
  const holder = await openRaw(t, instance.url);
  await holder.write(head);

  const stopped = instance.stop();
  // Who is refused is refused by the machine: nobody listens any more.
  await eventually(
    () =>
      request(`${instance.url}/healthz`).then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED' || undefined,
      ),
    'the listener to close',
  );
  await idle.write(`GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`);
  const [first, second] = readAnswers((await ended(idle)).toString());
  assert.deepEqual([first?.status, first?.headers['connection']], [202, 'keep-alive']);
  assert.deepEqual([second?.status, second?.headers['connection']], [200, 'close']);
  // This one began before, and ends now; nobody is left to hear it.
  await holder.write(text);
  assertError(readAnswers((await ended(holder)).toString())[0] ?? assert.fail('no answer'), 'stopping');
  await stopped;
});

test('tidings drain says how many are left and waits for the end', async (t) => {
  const instance = await startInstance(t, { flags: ['--drain=2500ms'] });
  const clients = await connectBoth(t, instance, 100);
  const adminPort = new URL(instance.adminUrl).port;
  const { code, stdout, stderr } = await runTidings(['drain', `--admin-port=${adminPort}`]);
  assert.deepEqual([code, stderr], [0, '']);
  const [first, ...rest] = stdout.trimEnd().split('\n');
  assert.equal(first, `${instance.adminUrl} drains 100 connections.`);
  assert.equal(rest.pop(), 'It has ended.');
  assert.ok(rest.length > 0, stdout);
  for (const line of rest) assert.match(line, /^ {2}\d+ connections? left$/);
  for (const { closed } of clients.all) assert.equal((await closed).code, 1012);
  await instance.ends();

  const again = await runTidings(['drain', `--admin-port=${adminPort}`]);
  assert.equal(again.code, 69);
  assert.equal(again.stdout, '');
  assert.match(again.stderr, /^tidings: nothing listens at http:\/\/127\.0\.0\.1:\d+; name .*--admin-port\n$/);
});

test('tidings drain of what is no admin listener changes nothing, and says so', async (t) => {
  const instance = await startInstance(t);
  const { code, stderr } = await runTidings(['drain', `--admin-port=${portOf(instance)}`]);
  assert.equal(code, 69);
  assert.match(stderr, /^tidings: what listens at .* does not drain \(it answers 404\)/);
  assert.equal((await statsOf(instance)).state, 'ready');
});

test('POST /drain takes nothing but ?hurry, and no other method', async (t) => {
  const instance = await startInstance(t);
  assertError(await drain(instance, '?now'), 'invalid_query');
  assertError(await drain(instance, '?hurry=maybe'), 'invalid_query');
  assertError(await request(`${instance.adminUrl}/drain`), 'method_not_allowed');
  const foreign = await request(`${instance.adminUrl}/drain`, {
    method: 'POST',
    headers: { origin: 'http://evil.test' },
  });
  assertError(foreign, 'origin_refused');
  assert.equal((await statsOf(instance)).state, 'ready');
});
