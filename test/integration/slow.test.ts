import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { endWith } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { post } from '../support/post.ts';
import { upgradeRequest } from '../support/raw-ws.ts';
import { connectWs, type WsClient } from '../support/ws-client.ts';
import { Follower } from './follower.ts';
import { startServing, type Serving } from './serving.ts';

const text = 'x'.repeat(20_000);

/** Broadcasts numbered messages of 20 KB, together more than any kernel keeps for a socket. */
async function flood({ url }: Serving, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number += 10) {
    const batch = Array.from({ length: 10 }, (_, index) => ({ topic: 'all', msg: [number + index, text], time: 't' }));
    const answer = await post(url, batch);
    assert.equal(answer.status, 202, answer.text);
  }
}

const numberOf = (frame: unknown): number => (frame as { msg: [number] }).msg[0];
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Resident bytes of a process. */
function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096;
}

test('sockets that never read are closed with 1013; the others get everything; who comes back gets the rest', async (t) => {
  const flags = ['--connection-budget=64KiB', '--behind-timeout=500ms', '--retention-bytes=64MiB'];
  const server = await startServing(t, { flags });
  const healthy = await Promise.all(numbers(1, 5).map(() => connectWs(t, `${server.wsUrl}/ws?uid=h`)));
  const stuck = numbers(1, 30).map((number) => new Follower(t, `${server.wsUrl}/ws?uid=s${number}`));
  for (const follower of stuck) {
    const client = await follower.connect();
    await client.next();
    client.pause();
  }
  const before = residentBytes(server.pid);
  await flood(server, 1, 600);
  for (const client of healthy) {
    await client.count(600);
    assert.deepEqual(client.frames.map(numberOf), numbers(1, 600));
  }
  const { counters, gauges } = await server.until(({ counters }) => counters['tooSlow'] === 30, 'all to be given up');
  assert.equal(counters['fellBehind'], 30);
  assert.ok((gauges as unknown as { behind: number }).behind <= 30);
  // 30 stuck sockets hold at most their budget or one turn; the journal keeps 12 MB.
  const grown = residentBytes(server.pid) - before;
  assert.ok(grown < 150 * 1024 * 1024, `${Math.round(grown / 1024 / 1024)} MiB more`);
  for (const follower of stuck) {
    follower.client?.resume();
    assert.equal((await follower.client?.closed)?.code, 1013);
    follower.read();
  }
  assert.equal((await server.stats()).counters['tooSlow'], 30, 'counted once each');
  for (const follower of stuck.slice(0, 5)) {
    await follower.connect();
    await follower.until((frame) => frame.event === undefined && numberOf(frame) === 600);
    assert.deepEqual(follower.handled.map(numberOf), numbers(1, 600));
    assert.ok(!follower.resumed.includes(false));
  }
});

test('a connection that stalls and reads again is caught up, plain or tracked, and then live', async (t) => {
  const server = await startServing(t, { flags: ['--connection-budget=64KiB', '--behind-timeout=1m'] });
  const clients = await Promise.all(
    ['uid=1', 'uid=1&mid='].map((query) => connectWs(t, `${server.wsUrl}/ws?${query}`)),
  );
  const [plain, tracked] = clients as [WsClient, WsClient];
  await tracked.next();
  for (const client of clients) client.pause();
  await flood(server, 1, 500);
  await server.until(({ gauges }) => (gauges as unknown as { behind: number }).behind === 2, 'both to fall behind');
  for (const client of clients) client.resume();
  await Promise.all([plain.count(500), tracked.count(501)]);
  await flood(server, 501, 510);
  await Promise.all([plain.count(510), tracked.count(511)]);
  assert.deepEqual(plain.frames.map(numberOf), numbers(1, 510));
  assert.deepEqual(tracked.frames.slice(1).map(numberOf), numbers(1, 510));
  const { counters } = await server.stats();
  assert.equal(counters['tooSlow'], 0);
  assert.ok((counters['replayed'] ?? 0) > 100);
});

test('one that drains slowly all the time is not given up', async (t) => {
  const server = await startServing(t, { flags: ['--connection-budget=32MiB', '--behind-timeout=4s'] });
  const reader = await openSlowReader(t, `${server.url}/ws?uid=1`);
  await flood(server, 1, 3600);
  await server.until(({ counters }) => counters['fellBehind'] === 1, 'it to fall behind');
  // What it holds is one write for the kernel, which takes longer than the time-out.
  for (const endMs = Date.now() + 5500; Date.now() < endMs;) {
    reader.readOnce();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal((await server.stats()).counters['tooSlow'], 0);
  assert.ok(reader.frames().length < 2800, `${reader.frames().length} of 3600 frames were read slowly`);
  reader.readOn();
  await eventually(() => (reader.frames().length === 3600 ? true : undefined), 'all frames');
  assert.deepEqual(reader.frames(), numbers(1, 3600));
});

/** A client that takes 64 KiB from its kernel when it is told to, and no more. */
async function openSlowReader(t: TestContext, url: string) {
  const { hostname, port } = new URL(url);
  const chunks: Buffer[] = [];
  let isReadingOn = true;
  const onChunk = (bytes: number, buffer: Uint8Array): boolean => {
    chunks.push(Buffer.from(buffer.subarray(0, bytes)));
    return isReadingOn;
  };
  const socket = connect({
    host: hostname,
    port: Number(port),
    onread: { buffer: Buffer.alloc(64 * 1024), callback: onChunk },
  });
  endWith(t, () => void socket.destroy());
  socket.write(upgradeRequest(url));
  const received = (): Buffer => Buffer.concat(chunks);
  await eventually(() => (received().includes('\r\n\r\n') ? true : undefined), 'the upgrade');
  isReadingOn = false;
  return {
    readOnce: () => void socket.resume(),
    readOn(): void {
      isReadingOn = true;
      socket.resume();
    },
    /** The numbers of the messages of which the beginning has come. */
    frames: () =>
      [
        ...received()
          .toString('latin1')
          .matchAll(/"msg":\[(\d+),/g),
      ].map(([, number]) => Number(number)),
  };
}

test('the memory journal stays within its bytes: 200 MB through 16 MiB', async (t: TestContext) => {
  const server = await startServing(t, { flags: ['--retention-bytes=16MiB', '--retention-messages=1000000'] });
  await flood(server, 1, 1000);
  const before = residentBytes(server.pid);
  await flood(server, 1001, 10_000);
  const grown = residentBytes(server.pid) - before;
  assert.ok(grown < 100 * 1024 * 1024, `${Math.round(grown / 1024 / 1024)} MiB more`);
  const follower = new Follower(t, `${server.wsUrl}/ws?uid=1`);
  follower.cursor = 1;
  await follower.connect();
  await follower.until((frame) => frame.event === undefined && numberOf(frame) === 10_000);
  const kept = follower.handled.map(numberOf);
  assert.ok(kept.length > 700 && kept.length < 840, `${kept.length} of 20 KB are kept`);
  assert.deepEqual(kept, numbers(10_001 - kept.length, 10_000));
});
