import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientFrames } from '../../src/gateway/client-frames.ts';
import { Hub } from '../../src/hub/hub.ts';
import { createCounters } from '../../src/ops/counters.ts';
import { createPeer } from './fake-socket.ts';
import { LocalMailboxes } from './hub-mailboxes.ts';

/** The newest mid of the journal. */
const head = 1795224506091000;

function createFrames(maxClientFrames = 20) {
  const counters = createCounters();
  const clock = { ms: 5000 };
  const monotonicMs = (): number => clock.ms;
  const hub = new Hub(
    { clock: { now: () => 0, isExpired: () => false }, monotonicMs, mailboxes: new LocalMailboxes(), counters },
    { maxConnections: 10, connectionBudgetBytes: 1024 * 1024, behindTimeoutMs: 1000 },
  );
  const peer = createPeer();
  hub.add(peer.connection, ['notice']);
  const acked: [uid: string, mid: number][] = [];
  const acknowledge = (uid: string, mid: number): void => void acked.push([uid, mid]);
  const renewals = { begin: () => false };
  const frames = new ClientFrames(
    { hub, counters, monotonicMs, head: () => head, acknowledge, renewals },
    { maxClientFrames, maxClientFrameBytes: 4096 },
  );
  return { counters, clock, hub, frames, acked, ...peer };
}

const types = ({ connection }: ReturnType<typeof createFrames>): string[] => [...(connection.cohort?.types ?? ['*'])];

test('types are the connection’s from then on', () => {
  const run = createFrames();
  run.frames.read(run.connection, Buffer.from('{"types":["a","b"]}'));
  assert.deepEqual(types(run), ['a', 'b']);
  run.frames.read(run.connection, Buffer.from('{"types":["*"]}'));
  assert.deepEqual(types(run), ['*']);
  run.frames.read(run.connection, Buffer.from('{"types":[]}'));
  assert.deepEqual(types(run), ['notice']);
  assert.equal(run.counters.clientFrames, 3);
  assert.equal(run.counters.ignoredFrames, 0);
});

test('a cursor moves the ack cursor of the uid', () => {
  const run = createFrames();
  run.frames.read(run.connection, Buffer.from(`{"ack":${head}}`));
  run.frames.read(run.connection, Buffer.from('{"ack":1}'));
  assert.equal(run.counters.clientFrames, 2);
  assert.deepEqual(run.acked, [
    ['1', head],
    ['1', 1],
  ]);
});

for (const text of [
  '',
  'World !',
  'null',
  '[]',
  '1',
  '"types"',
  '{',
  '{}',
  '{"ack":"1"}',
  '{"ack":1.5}',
  '{"ack":0}',
  '{"ack":-1}',
  '{"ack":null}',
  // Nobody has handled what was not sent yet.
  `{"ack":${head + 1}}`,
  '{"ack":9007199254740992}',
  '{"types":"a"}',
  '{"types":["a,b"]}',
  '{"types":[7]}',
  '{"__proto__":{"types":["a"]}}',
  '\u0000',
  '[[[[',
]) {
  test(`counted and ignored: ${JSON.stringify(text)}`, () => {
    const run = createFrames();
    run.frames.read(run.connection, Buffer.from(text));
    assert.equal(run.counters.ignoredFrames, 1);
    assert.equal(run.counters.clientFrames, 0);
    assert.deepEqual(types(run), ['notice']);
    assert.deepEqual(run.acked, []);
    assert.deepEqual(run.socket.closes, []);
  });
}

test('any frame shows that the peer lives', () => {
  const { frames, connection } = createFrames();
  connection.isHeard = false;
  assert.equal(frames.admit(connection), true);
  assert.equal(connection.isHeard, true);
});

test('as many frames a second as are allowed are read; one more closes with 1008', () => {
  const { frames, connection, socket, counters, clock } = createFrames(3);
  const admitted = (count: number): boolean[] => Array.from({ length: count }, () => frames.admit(connection));
  assert.deepEqual(admitted(3), [true, true, true]);
  clock.ms += 1000;
  assert.deepEqual(admitted(3), [true, true, true]);
  assert.deepEqual(socket.closes, []);
  assert.equal(frames.admit(connection), false);
  assert.deepEqual(socket.closes, [{ code: 1008, reason: 'too many frames' }]);
  assert.deepEqual(
    admitted(100),
    Array.from({ length: 100 }, () => false),
  );
  assert.equal(counters.floods, 1);
  assert.equal(socket.closes.length, 1);
});

test('a connection that is closing is not read', () => {
  const { frames, connection, socket } = createFrames();
  socket.readyState = 2;
  connection.isHeard = false;
  assert.equal(frames.admit(connection), false);
  assert.equal(connection.isHeard, false);
});
