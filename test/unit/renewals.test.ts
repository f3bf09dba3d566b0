import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grantByWord, type Authenticated, type Grant, type Refused } from '../../src/auth/listener-auth.ts';
import { Renewals } from '../../src/gateway/renewals.ts';
import type { Connection, Mode } from '../../src/hub/connection.ts';
import { createPeer } from './fake-socket.ts';

const old: Grant = { ...grantByWord('1'), expiresAtMs: 1000 };
const newer: Grant = { ...grantByWord('1'), expiresAtMs: 9000 };

function createRenewals({ mode = 'tracked' as Mode, grant = old as Grant | null, types = ['a', 'b'] } = {}) {
  const waiting: ((said: Authenticated) => void)[] = [];
  const faults: unknown[] = [];
  const set: (readonly string[])[] = [];
  const watched: (Grant | null)[] = [];
  const counters = { tokensRenewed: 0, tokensExpired: 0 };
  const shut: { why: Refused | undefined } = { why: undefined };
  const renewals = new Renewals({
    listeners: { renew: () => new Promise((resolve) => waiting.push(resolve)) },
    entry: { shutOut: () => shut.why },
    hub: { setTypes: (_connection, names) => void set.push(names) },
    tokens: { watch: (connection: Connection) => void watched.push(connection.grant) },
    counters,
    onFault: (error) => faults.push(error),
  });
  const peer = createPeer('1', mode);
  peer.connection.grant = grant;
  peer.connection.behind = { types, isNew: false } as unknown as Connection['behind'];
  const send = (): boolean => renewals.begin(peer.connection, 'a token');
  const answer = async (said: Authenticated): Promise<void> => {
    waiting.shift()?.(said);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(faults, []);
  };
  return { ...peer, send, answer, waiting, counters, set, watched, shut };
}

test('a new token takes the place of the old one, and is answered', async () => {
  const { connection, socket, send, answer, counters, set, watched } = createRenewals();
  assert.equal(send(), true);
  assert.deepEqual([connection.grant, socket.texts], [old, []], 'not before it was looked at');
  await answer({ ok: true, grant: newer });
  assert.deepEqual([connection.grant, watched, set], [newer, [newer], []]);
  assert.deepEqual(socket.texts, ['{"event":"token","expires_at":9000}']);
  assert.deepEqual(counters, { tokensRenewed: 1, tokensExpired: 0 });
  send();
  await answer({ ok: true, grant: grantByWord('1') });
  assert.equal(socket.texts[1], '{"event":"token","expires_at":null}');
});

test('a plain connection is renewed without a word', async () => {
  const { connection, socket, send, answer } = createRenewals({ mode: 'plain' });
  send();
  await answer({ ok: true, grant: newer });
  assert.deepEqual([connection.grant, socket.writes], [newer, []]);
  send();
  await answer({ ok: false, code: 'unauthenticated', message: 'no' });
  assert.deepEqual([socket.writes, socket.closes], [[], []]);
});

test('one that is refused changes nothing, and the client is told why', async () => {
  const { connection, socket, send, answer, watched } = createRenewals();
  send();
  await answer({ ok: false, code: 'unauthenticated', message: 'The token has expired (exp).', retryAfterSeconds: 1 });
  assert.deepEqual([connection.grant, watched, socket.closes], [old, [], []]);
  const error = '{"code":"unauthenticated","message":"The token has expired (exp)."}';
  assert.deepEqual(socket.texts, [`{"event":"token","error":${error}}`]);
});

test('one that is revoked, or of a uid that is blocked, is refused as at the door', async () => {
  const { connection, socket, send, answer, shut } = createRenewals();
  shut.why = { ok: false, code: 'unauthenticated', message: 'It is revoked.' };
  send();
  await answer({ ok: true, grant: newer });
  assert.equal(connection.grant, old);
  assert.deepEqual(socket.texts, ['{"event":"token","error":{"code":"unauthenticated","message":"It is revoked."}}']);
});

test('one of another uid closes the connection', async () => {
  const { connection, socket, send, answer, counters } = createRenewals();
  send();
  await answer({ ok: true, grant: { ...newer, uid: '2' } });
  assert.deepEqual([connection.grant, connection.uid, socket.texts], [old, '1', []]);
  assert.deepEqual(socket.closes, [{ code: 4501, reason: 'forbidden: the token is for another uid' }]);
  assert.deepEqual(counters, { tokensRenewed: 0, tokensExpired: 1 });
});

test('types that the new one does not grant are taken away', async () => {
  for (const [had, grants, left] of [
    [['a', 'b'], ['b', 'c'], ['b']],
    [['*'], ['a'], ['a']],
    [['a'], ['c'], ['c']],
  ] as const) {
    const { send, answer, set } = createRenewals({ types: [...had] });
    send();
    await answer({ ok: true, grant: { ...newer, types: grants } });
    assert.deepEqual(set, [left]);
  }
});

test('one at a time is looked at, and none where nobody is asked', async () => {
  const { send, answer, waiting } = createRenewals();
  assert.deepEqual([send(), send(), send(), waiting.length], [true, false, false, 1]);
  await answer({ ok: true, grant: newer });
  assert.equal(send(), true);
  await answer({ ok: false, code: 'unauthenticated', message: 'no' });
  assert.equal(send(), true);
  assert.equal(createRenewals({ grant: null }).send(), false);
});

test('a connection that closes meanwhile is left alone', async () => {
  const { connection, socket, send, answer, watched } = createRenewals();
  send();
  socket.readyState = 2;
  await answer({ ok: true, grant: newer });
  assert.deepEqual([connection.grant, watched], [old, []]);
});
