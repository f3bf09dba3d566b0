import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSentinelSearch } from '../../src/journal/redis-sentinel.ts';
import type { RedisAddress, RedisSearch } from '../../src/journal/redis-finder.ts';
import type { Scope } from '../support/cleanup.ts';
import { eventually, within } from '../support/deadline.ts';
import { startFakeRedis, type FakeRedis } from '../support/fake-redis.ts';

/** Longer than a test waits: what counts on it fails. */
const never = 60_000;

interface Word {
  at: RedisAddress;
  epoch: number;
}

/** A server that says of itself what the test wants it to. */
async function startServer(scope: Scope): Promise<FakeRedis & { role: string }> {
  const fake = await startFakeRedis(scope, () => [server.role]);
  const server = { ...fake, role: 'master' };
  return server;
}

/** A sentinel that says what the test has it say, when `speaks` lets it. */
async function startSentinel(scope: Scope, word: Word): Promise<FakeRedis & { word: Word; speaks: Promise<void> }> {
  const fake = await startFakeRedis(scope, async ([name, about]) => {
    assert.equal(name, 'sentinel');
    await sentinel.speaks;
    const { at, epoch } = sentinel.word;
    if (about === 'get-master-addr-by-name') return [at.host, String(at.port)];
    return ['name', 'm', 'config-epoch', String(epoch), 'quorum', '2'];
  });
  const sentinel = { ...fake, word, speaks: Promise.resolve() };
  return sentinel;
}

function searchOf(servers: readonly RedisAddress[], deadlineMs = never): RedisSearch {
  const login = { tls: false, deadlineMs };
  return createSentinelSearch({ servers, master: 'm', sentinelLogin: login, masterLogin: login });
}

async function found(search: RedisSearch): Promise<number> {
  return (await within(search.look(), 'a master to be found')).port;
}

test('of sentinels that differ the newest word counts', async (t) => {
  const [old, fresh] = [await startServer(t), await startServer(t)];
  const behind = await startSentinel(t, { at: old, epoch: 1 });
  const ahead = await startSentinel(t, { at: fresh, epoch: 2 });
  assert.equal(await found(searchOf([behind, ahead])), fresh.port);
  assert.equal(await found(searchOf([ahead, behind])), fresh.port);
});

test('a sentinel that hangs and one that is away hold nobody up; with none there is a reason', async (t) => {
  const server = await startServer(t);
  const sentinels = [];
  for (let count = 0; count < 5; count += 1) sentinels.push(await startSentinel(t, { at: server, epoch: 1 }));
  const [first, second, ...others] = sentinels;
  assert.ok(first !== undefined && second !== undefined);
  first.speaks = new Promise(() => {});
  await second.close();
  assert.equal(await found(searchOf(sentinels)), server.port);
  for (const sentinel of [first, ...others]) await sentinel.close();
  await assert.rejects(searchOf(sentinels).look(), {
    name: 'NotFoundError',
    message: new RegExp(
      `^No sentinel of 127\\.0\\.0\\.1:${first.port}, .* knows Redis master m \\(ECONNREFUSED\\)\\.$`,
    ),
  });
});

test('a server that is no master is not taken, nor one that does not answer', async (t) => {
  const server = await startServer(t);
  const search = searchOf([await startSentinel(t, { at: server, epoch: 1 })]);
  server.role = 'slave';
  await assert.rejects(search.look(), {
    message: `Redis master m at 127.0.0.1:${server.port} does not answer (it is a slave).`,
  });
  server.role = 'master';
  assert.equal(await found(search), server.port);
  await server.close();
  await assert.rejects(search.look(), /does not answer \(ECONNREFUSED\)\.$/);
});

test('who was a master is gone back to when no sentinel, or only one that is behind, is left; until it is none', async (t) => {
  const [old, fresh] = [await startServer(t), await startServer(t)];
  const behind = await startSentinel(t, { at: old, epoch: 1 });
  const ahead = await startSentinel(t, { at: fresh, epoch: 2 });
  const search = searchOf([ahead, behind]);
  assert.equal(await found(search), fresh.port);
  await ahead.close();
  assert.equal(await found(search), fresh.port);
  fresh.role = 'slave';
  await assert.rejects(search.look(), /it is a slave/);
  assert.equal(await found(search), old.port);
  await behind.close();
  assert.equal(await found(search), old.port);
});

test('the sentinel that told of a fail-over is waited for', async (t) => {
  const [old, fresh] = [await startServer(t), await startServer(t)];
  const sentinels = [];
  for (let count = 0; count < 3; count += 1) sentinels.push(await startSentinel(t, { at: old, epoch: 1 }));
  const [first, second, teller] = sentinels;
  assert.ok(first !== undefined && second !== undefined && teller !== undefined);
  const search = searchOf(sentinels);
  let hints = 0;
  const unwatch = search.watch(() => (hints += 1));
  t.after(unwatch);
  await eventually(() => (hints === 3 ? true : undefined), 'a hint of each sentinel that is listened to');
  teller.tell('+switch-master', 'another 1.2.3.4 1 1.2.3.4 2');
  teller.tell('+switch-master', `m 127.0.0.1 ${old.port} 127.0.0.1 ${fresh.port}`);
  await eventually(() => (hints === 4 ? true : undefined), 'a hint of the fail-over');
  teller.word = { at: fresh, epoch: 2 };
  let speak = (): void => {};
  teller.speaks = new Promise((resolve) => (speak = resolve));
  const before = first.asked() + second.asked();
  const finding = found(search);
  // Both others have said where the master was, and that it is one.
  await eventually(() => (first.asked() + second.asked() === before + 4 ? true : undefined), 'the others to be asked');
  speak();
  assert.equal(await finding, fresh.port);
  assert.equal(hints, 4);
});

test('nobody is asked for longer than the deadline', async (t) => {
  const server = await startServer(t);
  const sentinel = await startSentinel(t, { at: server, epoch: 1 });
  sentinel.speaks = new Promise(() => {});
  await assert.rejects(within(searchOf([sentinel], 100).look(), 'the deadline'), /no reply within 100 ms/);
});
