import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grantByWord } from '../../src/auth/listener-auth.ts';
import { TokenWatch } from '../../src/gateway/token-watch.ts';
import type { Connection, Mode } from '../../src/hub/connection.ts';
import { createPeer, type Peer } from './fake-socket.ts';
import { seeded } from './seeded.ts';

const startMs = 1_795_000_000_000;

function createWatch() {
  const clock = { ms: startMs };
  const counters = { tokensExpired: 0 };
  const dismissals: number[] = [];
  const hub = {
    dismiss({ door }: Connection, code: number, reason: string): void {
      dismissals.push(clock.ms - startMs);
      door.close(code, reason);
    },
  };
  const watch = new TokenWatch({ hub, counters, now: () => clock.ms });
  const give = (peer: Peer, lifeMs: number): void => {
    peer.connection.grant = { ...grantByWord('1'), expiresAtMs: lifeMs === 0 ? 0 : clock.ms + lifeMs };
    watch.watch(peer.connection);
  };
  const come = (lifeMs: number, mode: Mode = 'tracked'): Peer => {
    const peer = createPeer('1', mode);
    give(peer, lifeMs);
    return peer;
  };
  /** Passes over time in steps of a tick. */
  const pass = (ms: number): void => {
    for (const endMs = clock.ms + ms; clock.ms < endMs;) {
      clock.ms = Math.min(endMs, clock.ms + 500);
      watch.tick();
    }
  };
  return { clock, counters, dismissals, watch, come, give, pass };
}

const closed = [{ code: 4501, reason: 'the token has expired' }];

test('a tracked connection is told thirty seconds ahead, and closed when its token is over', () => {
  const { come, pass, counters, dismissals, watch } = createWatch();
  const peer = come(120_000);
  pass(89_500);
  assert.deepEqual(peer.socket.texts, []);
  pass(500);
  assert.deepEqual(peer.socket.texts, ['{"event":"token","expires_in_ms":30000}']);
  pass(29_500);
  assert.deepEqual(peer.socket.closes, []);
  pass(500);
  assert.deepEqual(peer.socket.closes, closed);
  assert.equal(peer.socket.texts.length, 1, 'and told once');
  assert.equal(counters.tokensExpired, 1);
  assert.deepEqual(dismissals, [120_000], 'with what was published before it');
  assert.equal(watch.size, 0);
});

test('where less than a minute is left, it is told when half of it is over', () => {
  const { come, pass } = createWatch();
  const peer = come(20_000);
  pass(9_500);
  assert.deepEqual(peer.socket.texts, []);
  pass(500);
  assert.deepEqual(peer.socket.texts, ['{"event":"token","expires_in_ms":10000}']);
});

test('a plain connection gets messages alone, and is closed as well', () => {
  const { come, pass } = createWatch();
  const peer = come(60_000, 'plain');
  pass(59_500);
  assert.deepEqual([peer.socket.writes, peer.socket.closes], [[], []]);
  pass(500);
  assert.deepEqual([peer.socket.writes, peer.socket.closes], [[], closed]);
});

test('who is still to be welcomed is told nothing before', () => {
  const { come, pass } = createWatch();
  const peer = come(60_000);
  peer.connection.behind = { types: [], isNew: true } as unknown as typeof peer.connection.behind;
  pass(60_000);
  assert.deepEqual([peer.socket.texts, peer.socket.closes], [[], closed]);
});

test('a new token takes the place of the old one', () => {
  const { come, give, pass } = createWatch();
  const peer = come(60_000);
  pass(31_000);
  give(peer, 120_000);
  pass(89_500);
  assert.equal(peer.socket.texts.length, 1);
  pass(500);
  assert.equal(peer.socket.texts.length, 2);
  give(peer, 0);
  pass(600_000);
  assert.deepEqual(peer.socket.closes, [], 'it never expires now');
});

test('one that expired while it was looked at is closed at the next tick', () => {
  const { come, pass } = createWatch();
  const peer = come(-1000);
  pass(1000);
  assert.deepEqual(peer.socket.closes, closed);
});

test('however far a clock jumps, that is no work', () => {
  const { clock, come, watch } = createWatch();
  const peer = come(60_000);
  clock.ms += 200 * 365 * 86_400_000;
  watch.tick();
  assert.deepEqual(peer.socket.closes, closed);
});

test('a clock that jumps ahead closes all that is over, one that jumps back closes nothing', () => {
  const { clock, come, watch, pass } = createWatch();
  const [soon, later] = [come(60_000), come(30 * 86_400_000)];
  clock.ms += 86_400_000;
  watch.tick();
  watch.tick();
  pass(1000);
  assert.deepEqual([soon.socket.closes, later.socket.closes], [closed, []]);
  clock.ms -= 86_400_000;
  watch.tick();
  const peer = come(60_000);
  pass(59_500);
  assert.deepEqual([peer.socket.closes, later.socket.closes], [[], []]);
  pass(500);
  assert.deepEqual([peer.socket.closes, later.socket.closes], [closed, []]);
});

test('over thousands of comings, goings and new tokens each is closed in its half second, and nothing is left', () => {
  const { clock, come, give, pass, watch } = createWatch();
  const chance = seeded(5);
  const open = new Map<Peer, number>();
  let expired = 0;
  for (let step = 0; step < 4000; step += 1) {
    const lifeMs = 1 + chance.below(90_000);
    const [some] = [...open.keys()].slice(chance.below(open.size));
    const what = some === undefined ? 0 : chance.below(4);
    if (some === undefined || what < 2) open.set(come(lifeMs), clock.ms + lifeMs);
    else if (what === 2) {
      give(some, lifeMs);
      open.set(some, clock.ms + lifeMs);
    } else {
      watch.forget(some.connection);
      open.delete(some);
    }
    pass(500 * chance.below(2));
    for (const [peer, atMs] of open) {
      if (peer.socket.closes.length === 0) assert.ok(clock.ms < atMs + 500, `${clock.ms - atMs} ms late`);
      else {
        assert.ok(clock.ms >= atMs, `${atMs - clock.ms} ms early`);
        open.delete(peer);
        expired += 1;
      }
    }
    assert.equal(watch.size, open.size);
  }
  assert.ok(expired > 300, `${expired} expired`);
  for (const { connection } of open.keys()) watch.forget(connection);
  assert.equal(watch.size, 0);
});

test('one timer runs for all, and none when there is nobody to wait for', ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval', 'Date'], now: startMs });
  const watch = new TokenWatch({
    hub: { dismiss: ({ door }, code, reason) => door.close(code, reason) },
    counters: { tokensExpired: 0 },
    now: Date.now,
  });
  const peers = Array.from({ length: 3 }, () => createPeer());
  for (const { connection } of peers) {
    connection.grant = { ...grantByWord('1'), expiresAtMs: startMs + 10_000 };
    watch.watch(connection);
  }
  mock.timers.tick(10_000);
  for (const { socket } of peers) assert.deepEqual(socket.closes, closed);
  let looks = 0;
  const idle = new TokenWatch({
    hub: { dismiss: ({ door }, code, reason) => door.close(code, reason) },
    counters: { tokensExpired: 0 },
    now: () => {
      looks += 1;
      return startMs;
    },
  });
  const { connection } = createPeer();
  connection.grant = grantByWord('1');
  idle.watch(connection);
  connection.grant = { ...grantByWord('1'), expiresAtMs: startMs + 60_000 };
  idle.watch(connection);
  idle.forget(connection);
  looks = 0;
  mock.timers.tick(60_000);
  assert.equal(looks, 0);
});
