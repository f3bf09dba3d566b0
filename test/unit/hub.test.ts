import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mode } from '../../src/hub/connection.ts';
import { textFrame } from '../../src/hub/frame.ts';
import { Hub } from '../../src/hub/hub.ts';
import type { Entry } from '../../src/journal/journal.ts';
import type { Message } from '../../src/message/message.ts';
import { createCounters } from '../../src/ops/counters.ts';
import { sampleMessage } from '../contract/sample-message.ts';
import { createPeer, type Peer } from './fake-socket.ts';
import { LocalMailboxes } from './hub-mailboxes.ts';

function createHub(options: { maxConnections?: number } = {}) {
  const counters = createCounters();
  const mailboxes = new LocalMailboxes();
  let nowMs = 1000;
  const clock = { now: () => nowMs, isExpired: (atMs: number) => atMs !== 0 && atMs <= nowMs };
  const hub = new Hub(
    { clock, monotonicMs: () => 0, mailboxes, counters },
    {
      maxConnections: 1000,
      connectionBudgetBytes: 1024 * 1024,
      behindTimeoutMs: 1000,
      ...options,
    },
  );
  const publish = (entries: readonly Entry[]): void => {
    mailboxes.append(entries);
    hub.publish(entries);
  };
  const connect = (types: readonly string[] = ['notice'], uid = '1', mode: Mode = 'plain', budget?: number): Peer => {
    const peer = createPeer(uid, mode, budget);
    hub.add(peer.connection, types);
    return peer;
  };
  const setNow = (ms: number): void => {
    nowMs = ms;
  };
  return { hub, counters, mailboxes, publish, connect, setNow };
}

let mid = 0;

function entry(msg: string, parts: Partial<Message> = {}): Entry {
  mid += 1;
  const push = `{"types":"notice","msg":"${msg}","time":"t"}`;
  return { mid, message: sampleMessage({ id: `i${mid}`, uids: null, push, ...parts }) };
}

function msgs({ socket }: Peer): string[] {
  return socket.texts.map((text) => (JSON.parse(text) as { msg: string }).msg);
}

test('a plain connection gets the push text, a tracked one the same with mid and id before it', () => {
  const { hub, publish, connect } = createHub();
  const plain = connect();
  const tracked = connect(['notice'], '1', 'tracked');
  const one = entry('m');
  publish([one]);
  hub.flush();
  assert.deepEqual(plain.socket.texts, ['{"types":"notice","msg":"m","time":"t"}']);
  assert.deepEqual(tracked.socket.texts, [
    `{"mid":${one.mid},"id":"${one.message.id}","types":"notice","msg":"m","time":"t"}`,
  ]);
});

test('all of a cohort are given the very same Buffer, in one write', () => {
  const { hub, publish, connect } = createHub();
  const same = [connect(['a', 'b']), connect(['b', 'a']), connect(['a', 'b', 'a'], '2')];
  const other = connect(['a']);
  publish([entry('1', { type: 'a' }), entry('2', { type: 'b' })]);
  publish([entry('3', { type: 'a' })]);
  hub.flush();
  const [first] = same;
  for (const peer of same) {
    assert.equal(peer.socket.writes.length, 1);
    assert.equal(peer.socket.writes[0], first?.socket.writes[0]);
    assert.deepEqual(msgs(peer), ['1', '2', '3']);
  }
  assert.deepEqual(msgs(other), ['1', '3']);
});

test('a lone frame is not copied: every connection of a mode is given the frame itself', () => {
  const { hub, publish, connect } = createHub();
  const peers = [connect(['notice']), connect(['*']), connect(['notice', 'x'])];
  publish([entry('m')]);
  hub.flush();
  assert.equal(new Set(peers.map(({ socket }) => socket.writes[0])).size, 1);
});

test('types are a matter of the connection, not of the uid', () => {
  const { hub, publish, connect, counters } = createHub();
  const [a, b, every] = [connect(['a']), connect(['b']), connect(['*'])];
  publish([entry('to a', { uids: ['1'], type: 'a' }), entry('to b', { type: 'b' }), entry('to c', { type: 'c' })]);
  hub.flush();
  assert.deepEqual([a, b, every].map(msgs), [['to a'], ['to b'], ['to a', 'to b', 'to c']]);
  publish([entry('to nobody', { uids: ['2'] })]);
  assert.equal(counters.unmatched, 1);
});

test('names that look alike together are different types', () => {
  const { hub, publish, connect } = createHub();
  const odd = connect(['a,b']);
  const honest = connect(['a', 'b']);
  const last = connect(['a","b']);
  publish([entry('m', { type: 'a' })]);
  hub.flush();
  assert.deepEqual([odd, honest, last].map(msgs), [[], ['m'], []]);
});

test('one who comes in the middle of a turn gets nothing that was published before', () => {
  const { hub, publish, connect } = createHub();
  const early = connect();
  publish([entry('before')]);
  const late = createPeer('1', 'plain');
  hub.add(late.connection, ['notice'], textFrame('{"msg":"welcome"}'));
  assert.deepEqual(msgs(late), ['welcome'], 'the first frame waits for nobody');
  publish([entry('own', { uids: ['1'] }), entry('after')]);
  hub.flush();
  assert.deepEqual(msgs(early), ['before', 'own', 'after']);
  assert.deepEqual(msgs(late), ['welcome', 'own', 'after']);
});

test('new types in the middle of a turn hold for what is published from then on', () => {
  const { hub, publish, connect } = createHub();
  const peer = connect(['a']);
  const bystanders = [connect(['a']), connect(['b'])];
  const publishAll = (msg: string): void =>
    publish([
      entry(`${msg} a`, { type: 'a' }),
      entry(`${msg} own b`, { type: 'b', uids: ['1'] }),
      entry(`${msg} b`, { type: 'b' }),
    ]);
  publishAll('1');
  hub.setTypes(peer.connection, ['b']);
  publishAll('2');
  hub.setTypes(peer.connection, ['a']);
  publishAll('3');
  hub.flush();
  assert.deepEqual(msgs(peer), ['1 a', '2 own b', '2 b', '3 a']);
  assert.equal(peer.socket.writes.length, 1);
  assert.deepEqual(msgs(bystanders[0] ?? peer), ['1 a', '2 a', '3 a']);
  hub.setTypes(createPeer().connection, ['a']);
  assert.equal(hub.size, 3, 'types of one who is not here change nothing');
});

test('nothing is written after a close, nor counted as delivered', () => {
  const { hub, publish, connect, counters } = createHub();
  const peers = [connect(), connect(), connect(['notice'], '2')];
  publish([entry('1'), entry('own', { uids: ['2'] })]);
  for (const { connection } of peers) hub.handOver(connection, 0);
  publish([entry('2'), entry('own', { uids: ['2'] })]);
  hub.flush();
  for (const { socket } of peers) assert.deepEqual(socket.closes, [{ code: 1012, reason: 'the server hands over' }]);
  assert.deepEqual(peers.map(msgs), [['1'], ['1'], ['1', 'own']], 'what was gathered goes before the close');
  assert.equal(counters.delivered, 4);
  hub.terminateAll();
  for (const { socket } of peers) assert.equal(socket.terminated, 1);
});

test('what has expired when it is published is dropped and counted', () => {
  const { hub, publish, connect, counters, setNow } = createHub();
  const peer = connect();
  const at = (expiresAtMs: number): Entry => entry(`${expiresAtMs}`, { expiresAtMs });
  publish([at(999), at(1000), at(1001), at(0)]);
  setNow(1001);
  publish([at(1001), at(1002)]);
  hub.flush();
  assert.deepEqual(msgs(peer), ['1001', '0', '1002']);
  assert.equal(counters.expired, 3);
  assert.equal(counters.unmatched, 0, 'the expired are not counted twice');
});

test('a large batch is written in parts, in order, and nothing of it waits twice', () => {
  const { hub, publish, connect } = createHub();
  const peers = [connect(), connect(['*'])];
  const entries = Array.from({ length: 60 }, (_, index) => entry(`${index} ${'x'.repeat(20_000)}`));
  publish(entries);
  hub.flush();
  for (const peer of peers) {
    assert.deepEqual(
      msgs(peer).map((msg) => msg.split(' ')[0]),
      entries.map((_, index) => `${index}`),
    );
    assert.ok(peer.socket.writes.length > 3);
    for (const write of peer.socket.writes) assert.ok(write.length <= 256 * 1024 + 20_100, `${write.length} bytes`);
  }
});

test('frames of a uid interleave with those of all in the order of publishing', () => {
  const { hub, publish, connect } = createHub();
  const peer = connect();
  const steps = ['all', 'own', 'own', 'all', 'all', 'own'];
  publish(steps.map((to, index) => entry(`${to} ${index}`, { uids: to === 'all' ? null : ['1', '2'] })));
  hub.flush();
  assert.deepEqual(
    msgs(peer),
    steps.map((to, index) => `${to} ${index}`),
  );
  assert.equal(peer.socket.writes.length, 1);
  publish([entry('later')]);
  hub.flush();
  assert.equal(msgs(peer).at(-1), 'later');
  assert.equal(msgs(peer).length, steps.length + 1);
});

test('publishing asks for a flush at the end of the turn, and only when there is something', async () => {
  const { publish, connect } = createHub();
  const peer = connect();
  publish([entry('nobody', { type: 'x' })]);
  publish([entry('m')]);
  assert.deepEqual(msgs(peer), []);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(msgs(peer), ['m']);
});

test('a connection is refused when there are too many; those of a uid are known, the oldest first', () => {
  const { hub, connect } = createHub({ maxConnections: 3 });
  const first = connect(['notice'], '1');
  assert.deepEqual(hub.connectionsOf('1'), [first.connection]);
  const second = connect(['notice'], '1');
  assert.equal(hub.refusal(), undefined);
  connect(['notice'], '2');
  assert.equal(hub.refusal(), 'too_many_connections');
  assert.deepEqual(hub.connectionsOf('1'), [first.connection, second.connection]);
  assert.deepEqual(hub.connectionsOf('3'), []);
  hub.remove(second.connection);
  assert.equal(hub.refusal(), undefined);
  assert.equal(hub.size, 2);
  assert.equal(hub.uids, 2);
});

test('removing is harmless when repeated, and ends delivery at once', () => {
  const { hub, publish, connect } = createHub();
  const gone = connect();
  const stays = connect();
  publish([entry('1'), entry('own', { uids: ['1'] })]);
  hub.remove(gone.connection);
  hub.remove(gone.connection);
  hub.flush();
  assert.deepEqual(msgs(gone), []);
  assert.deepEqual(msgs(stays), ['1', 'own']);
  assert.equal(hub.size, 1);
});
