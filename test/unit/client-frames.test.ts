import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grantByWord } from '../../src/auth/listener-auth.ts';
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
  const renewed: string[] = [];
  const tokens = { areTaken: false };
  const renewals = {
    begin(_connection: unknown, token: string): boolean {
      renewed.push(token);
      return tokens.areTaken;
    },
  };
  const frames = new ClientFrames(
    { hub, counters, monotonicMs, head: () => head, acknowledge, renewals },
    { maxClientFrames, maxClientFrameBytes: 4096 },
  );
  return { counters, clock, hub, frames, acked, renewed, tokens, ...peer };
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

test('types that are not granted are not had over the connection either', () => {
  const run = createFrames();
  run.connection.grant = { ...grantByWord('1'), types: ['a', 'b'] };
  const send = (frame: object): void => run.frames.read(run.connection, Buffer.from(JSON.stringify(frame)));
  for (const names of [['c'], ['a', 'c'], ['notice']]) send({ types: names });
  assert.deepEqual([types(run), run.counters.ignoredFrames, run.counters.clientFrames], [['notice'], 3, 0]);
  send({ types: ['b'] });
  assert.deepEqual(types(run), ['b']);
  send({ types: ['*'] });
  assert.deepEqual(types(run), ['a', 'b'], 'all that there are for it');
  send({ types: ['c', '*'] });
  assert.deepEqual(types(run), ['a', 'b']);
  send({ types: [] });
  assert.deepEqual(types(run), ['a', 'b']);
  assert.equal(run.connection.cohort?.types === null, false);
});

test('a token is handed on where one is asked for, and ignored elsewhere', () => {
  const run = createFrames();
  const send = (frame: object): void => run.frames.read(run.connection, Buffer.from(JSON.stringify(frame)));
  send({ token: 'a.b.c' });
  assert.deepEqual([run.counters.ignoredFrames, run.counters.clientFrames], [1, 0]);
  run.tokens.areTaken = true;
  send({ token: 'd.e.f' });
  assert.deepEqual([run.counters.ignoredFrames, run.counters.clientFrames], [1, 1]);
  for (const token of [7, null, ['x'], { x: 1 }]) send({ token });
  assert.deepEqual(run.renewed, ['a.b.c', 'd.e.f']);
  assert.equal(run.counters.ignoredFrames, 5);
});

test('a frame of the greatest size is read, one byte more closes with 1009 unless it is a token that is asked for', () => {
  const run = createFrames();
  const frame = (member: string, size: number): Buffer => {
    const text = JSON.stringify({ [member]: '' });
    return Buffer.from(JSON.stringify({ [member]: 'x'.repeat(size - text.length) }));
  };
  run.tokens.areTaken = true;
  run.frames.read(run.connection, frame('token', 9000));
  run.frames.read(run.connection, frame('x', 4096));
  assert.deepEqual([run.socket.closes, run.counters.clientFrames, run.counters.ignoredFrames], [[], 1, 1]);
  run.frames.read(run.connection, frame('x', 4097));
  assert.deepEqual(run.socket.closes, [{ code: 1009, reason: 'the frame is too large' }]);
  assert.equal(run.counters.protocolErrors, 1);
  const withTypes = Buffer.from(JSON.stringify({ types: ['a'], x: 'x'.repeat(5000) }));
  for (const bytes of [Buffer.from(' '.repeat(5000)), frame('token', 5000), withTypes]) {
    const other = createFrames();
    other.frames.read(other.connection, bytes);
    assert.deepEqual(types(other), ['notice']);
    assert.equal(other.socket.closes[0]?.code, 1009, 'no JSON, or a token that nobody asked for');
  }
});
