import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { post } from '../support/post.ts';
import { connectWs } from '../support/ws-client.ts';
import { seeded } from '../unit/seeded.ts';
import { Follower, type TrackedFrame } from './follower.ts';
import { startServing, type Serving } from './serving.ts';

async function start(t: TestContext, ...flags: string[]): Promise<Serving> {
  return startServing(t, { flags });
}

/** Posts messages, in one batch, to a uid or to all (null). */
async function send({ url }: Serving, uid: string | null, ...msgs: unknown[]): Promise<void> {
  const to = uid === null ? { topic: 'all' } : { topic: 'uids', topic_ids: [uid] };
  const answer = await post(
    url,
    msgs.map((msg) => ({ ...to, msg, time: 't' })),
  );
  assert.equal(answer.status, 202, answer.text);
}

const follow = (t: TestContext, { wsUrl }: Serving, uid: string, types = 'notice'): Follower =>
  new Follower(t, `${wsUrl}/ws?uid=${uid}&types=${types}`);

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('what was sent meanwhile, to the uid and to all, arrives in order, once, and then what comes', async (t) => {
  const server = await start(t);
  const follower = follow(t, server, '1');
  await follower.connect();
  await send(server, '1', 'before');
  await follower.until(({ msg }) => msg === 'before');
  follower.drop();
  await server.until(({ gauges }) => gauges.connections === 1, 'the connection to be forgotten');
  await send(server, '1', 1, 2);
  await send(server, null, 3);
  await send(server, '2', 'not for it');
  await send(server, '1', 4);
  const client = await follower.connect();
  await follower.until(({ msg }) => msg === 4);
  await send(server, '1', 5);
  await follower.until(({ msg }) => msg === 5);
  assert.deepEqual(follower.msgs, ['before', 1, 2, 3, 4, 5]);
  assert.deepEqual(follower.resumed, [true, true]);
  assert.equal(client.frames.length, 6, 'the server itself repeats nothing');
});

test('a newcomer that dropped before it received anything comes back by the number in its welcome', async (t) => {
  const server = await start(t);
  const follower = follow(t, server, '1');
  const client = await follower.connect();
  await client.next();
  follower.read();
  follower.drop();
  await server.until(({ gauges }) => gauges.connections === 1, 'the connection to be forgotten');
  await send(server, '1', 1, 2, 3);
  await follower.connect();
  await follower.until(({ msg }) => msg === 3);
  assert.deepEqual(follower.msgs, [1, 2, 3]);
});

test('messages that are posted all the time: who reconnects at any moment has them all, in order, once', async (t) => {
  const server = await start(t);
  const chance = seeded(20);
  const total = 2400;
  const followers = ['a', 'b', 'c', 'a'].map((uid) => follow(t, server, uid));
  for (const follower of followers) {
    await (await follower.connect()).next();
    follower.read();
  }
  let isOver = false;
  let reconnects = 0;

  async function postAll(): Promise<void> {
    for (let next = 1; next <= total;) {
      const msgs = numbers(next, Math.min(total, next + chance.below(12)));
      next += msgs.length;
      const [first = 0] = msgs;
      await send(server, first % 3 === 0 ? null : 'a', ...msgs);
    }
    await send(server, null, 'end');
  }

  async function reconnectAllTheTime(follower: Follower): Promise<void> {
    while (!isOver) {
      for (let turns = chance.below(60); turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
      if (chance.happens(0.8)) follower.read();
      follower.drop();
      reconnects += 1;
      await follower.connect();
    }
    follower.read();
    if (!follower.msgs.includes('end')) await follower.until(({ msg }) => msg === 'end');
  }

  const posting = postAll().finally(() => (isOver = true));
  await Promise.all([posting, ...followers.map(reconnectAllTheTime)]);
  const [first, other, , twin] = followers;
  assert.deepEqual(first?.msgs, [...numbers(1, total), 'end']);
  assert.deepEqual(twin?.msgs, first.msgs);
  assert.ok((other?.msgs.length ?? 0) > 400 && (other?.msgs.length ?? 0) < 2000);
  assert.deepEqual(
    other?.handled.map(({ mid }) => mid),
    first.handled.filter(({ mid }) => other?.handled.some((frame) => frame.mid === mid)).map(({ mid }) => mid),
  );
  for (const { resumed } of followers) assert.ok(!resumed.includes(false));
  assert.ok(reconnects > 100, `${reconnects} reconnects`);
});

test('a cursor that nobody was given is not resumed: the newest number, and then what comes', async (t) => {
  const server = await start(t);
  await send(server, '1', 'old');
  const follower = follow(t, server, '1');
  follower.cursor = Number.MAX_SAFE_INTEGER;
  const client = await follower.connect();
  const { mid } = (await server.stats()).gauges;
  assert.deepEqual(await client.next(), { event: 'welcome', mid, resumed: false });
  await send(server, '1', 'new');
  await follower.until(({ msg }) => msg === 'new');
  assert.deepEqual(follower.msgs, ['new']);
});

test('who had other types gets what it asks for now', async (t) => {
  const server = await start(t);
  const before = follow(t, server, '1', 'a');
  await (await before.connect()).next();
  before.read();
  before.drop();
  for (const types of ['a', 'b', 'a', 'c']) {
    const answer = await post(server.url, { topic: 'uids', topic_ids: ['1'], types, msg: types });
    assert.equal(answer.status, 202);
  }
  const every = follow(t, server, '1', '*');
  const some = follow(t, server, '1', 'b,c');
  for (const follower of [every, some]) {
    follower.cursor = before.cursor;
    await follower.connect();
    await follower.until(({ msg }) => msg === 'c');
  }
  assert.deepEqual(every.msgs, ['a', 'b', 'a', 'c']);
  assert.deepEqual(some.msgs, ['b', 'c']);
});

test('what has expired by the time of the return does not arrive', async (t) => {
  const server = await start(t);
  const follower = follow(t, server, '1');
  await (await follower.connect()).next();
  follower.read();
  follower.drop();
  const timeout = Date.now() + 700;
  const answer = await post(server.url, [
    { topic: 'uids', topic_ids: ['1'], msg: 'short', timeout },
    { topic: 'all', msg: 'short', timeout },
    { topic: 'uids', topic_ids: ['1'], msg: 'long', timeout: timeout + 600_000 },
  ]);
  assert.equal(answer.status, 202);
  // Whoever comes back before it has expired gets it: so it was there.
  const early = follow(t, server, '1');
  early.cursor = follower.cursor;
  await early.connect();
  await early.until(({ msg }) => msg === 'long');
  assert.ok(early.msgs.length === 3 || Date.now() >= timeout, 'kept until then');
  while (Date.now() <= timeout) await new Promise((resolve) => setTimeout(resolve, timeout - Date.now() + 1));
  await follower.connect();
  await follower.until(({ msg }) => msg === 'long');
  assert.deepEqual(follower.msgs, ['long']);
});

/** A client that missed ten of its own and ten to all, and what it gets. */
async function missTwenty(t: TestContext, server: Serving): Promise<Follower> {
  const follower = follow(t, server, '1');
  await (await follower.connect()).next();
  follower.read();
  follower.drop();
  for (const number of numbers(1, 10)) {
    await send(server, '1', `own ${number}`);
    await send(server, null, `all ${number}`);
  }
  await follower.connect();
  await follower.until(({ msg }) => msg === 'all 10');
  return follower;
}

const named = (name: string, from: number): string[] => numbers(from, 10).map((number) => `${name} ${number}`);
const of = ({ msgs }: Follower, name: string): unknown[] => msgs.filter((msg) => String(msg).startsWith(name));

test('more than a mailbox holds: not resumed, the newest of the uid, and all that went to all', async (t) => {
  const follower = await missTwenty(t, await start(t, '--mailbox-messages=4'));
  assert.deepEqual(follower.resumed, [true, false]);
  assert.deepEqual(of(follower, 'own'), named('own', 7));
  assert.deepEqual(of(follower, 'all'), named('all', 1));
});

test('more than is kept of what goes to all: not resumed, the newest of it, and all of the uid', async (t) => {
  const follower = await missTwenty(t, await start(t, '--broadcast-messages=4'));
  assert.deepEqual(follower.resumed, [true, false]);
  assert.deepEqual(of(follower, 'own'), named('own', 1));
  assert.deepEqual(of(follower, 'all'), named('all', 7));
});

test('more messages than are kept in total: not resumed, the newest', async (t) => {
  const follower = await missTwenty(t, await start(t, '--retention-messages=5'));
  assert.deepEqual(follower.resumed, [true, false]);
  assert.deepEqual(follower.msgs, ['all 8', 'own 9', 'all 9', 'own 10', 'all 10']);
});

test('more bytes than are kept in total: not resumed, the newest', async (t) => {
  const server = await start(t, '--retention-bytes=64KiB');
  const follower = follow(t, server, '1');
  await (await follower.connect()).next();
  follower.read();
  follower.drop();
  for (const number of numbers(1, 20)) await send(server, '1', `${number} ${'x'.repeat(10_000)}`);
  await follower.connect();
  await follower.until(({ msg }) => String(msg).startsWith('20 '));
  assert.deepEqual(follower.resumed, [true, false]);
  const kept = follower.msgs.map((msg) => Number.parseInt(String(msg), 10));
  assert.ok(kept.length >= 4 && kept.length <= 6, `${kept.length} of 10 KB are kept in 64 KiB`);
  assert.deepEqual(kept, numbers(21 - kept.length, 20));
});

test('older than is kept: not resumed, and only what is young enough', async (t) => {
  const server = await start(t, '--retention=1s');
  const follower = follow(t, server, '1');
  await (await follower.connect()).next();
  follower.read();
  follower.drop();
  await send(server, '1', 'old');
  const sentMs = Date.now();
  while (Date.now() - sentMs < 1100) await new Promise((resolve) => setTimeout(resolve, 50));
  await send(server, '1', 'young');
  await follower.connect();
  await follower.until(({ msg }) => msg === 'young');
  assert.deepEqual(follower.resumed, [true, false]);
  assert.deepEqual(follower.msgs, ['young']);
});

test('exactly as much as is kept is resumed', async (t) => {
  const follower = await missTwenty(t, await start(t, '--mailbox-messages=10', '--broadcast-messages=10'));
  assert.deepEqual(follower.resumed, [true, true]);
  assert.equal(follower.msgs.length, 20);
});

test('a plain connection has no cursor: it gets what comes, and nothing of before', async (t) => {
  const server = await start(t);
  await send(server, '1', 'before');
  const client = await connectWs(t, `${server.wsUrl}/ws?uid=1`);
  await send(server, '1', 'after');
  assert.equal(((await client.next()) as TrackedFrame).msg, 'after');
});
