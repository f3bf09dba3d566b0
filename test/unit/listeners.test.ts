import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grantByWord, type Authenticated } from '../../src/auth/listener-auth.ts';
import { createListeners, type ListenersDeps } from '../../src/auth/listeners.ts';

type Take = NonNullable<ListenersDeps['verifyToken']>;

function createAuth(deps: Partial<ListenersDeps> = {}) {
  const counters = { unauthenticated: 0 };
  const seen: string[] = [];
  const take =
    (what: string): Take =>
    (presented) => {
      seen.push(`${what} ${presented}`);
      return Promise.resolve({ ok: true, grant: grantByWord(what) });
    };
  const usual = { verifyToken: take('token'), useTicket: take('ticket'), mayUseCookie: () => false, counters };
  const auth = createListeners({ ...usual, ...deps }, { tokenCookie: null, maxTokenBytes: 300 });
  const present = (query: string) => auth.authenticate({ query: new URLSearchParams(query), headers: {} });
  return { auth, present, seen, counters };
}

const uidOf = (said: Authenticated): string => (said.ok ? said.grant.uid : `${said.code}: ${said.message}`);

test('a ticket is used and a token is verified, at the door and over the connection', async () => {
  const { auth, present, seen, counters } = createAuth();
  assert.equal(auth.isOn, true);
  assert.equal(uidOf(await present('token=tkt_a')), 'ticket');
  assert.equal(uidOf(await present('token=a.b.c')), 'token');
  assert.equal(uidOf(await auth.renew('tkt_b')), 'ticket');
  assert.equal(uidOf(await auth.renew('d.e.f')), 'token');
  assert.deepEqual(seen, ['ticket tkt_a', 'token a.b.c', 'ticket tkt_b', 'token d.e.f']);
  assert.equal(counters.unauthenticated, 0);
});

test('what is not taken here is refused and not taken for something else', async () => {
  const tokensOnly = createAuth({ useTicket: undefined });
  assert.equal(uidOf(await tokensOnly.present('token=tkt_a')), 'unauthenticated: Tickets are not taken.');
  assert.deepEqual(tokensOnly.seen, []);
  const ticketsOnly = createAuth({ verifyToken: undefined });
  assert.equal(uidOf(await ticketsOnly.present('token=a.b.c')), 'unauthenticated: Tokens are not taken.');
  assert.deepEqual(ticketsOnly.seen, []);
});

test('whoever presents nothing, or too much, is refused before anything is looked at; each is counted', async () => {
  const { auth, present, seen, counters } = createAuth();
  const none = 'unauthenticated: Present a token: connect to /ws?token=...';
  assert.equal(uidOf(await present('uid=1')), none);
  assert.equal(uidOf(await createAuth({ verifyToken: undefined }).present('')), none.replace('a token:', 'a ticket:'));
  assert.match(uidOf(await present(`token=${'x'.repeat(301)}`)), /^unauthenticated: The token is longer/);
  assert.match(uidOf(await auth.renew('x'.repeat(301))), /^unauthenticated: The token is longer/);
  assert.match(uidOf(await present('token=a&token=b')), /^invalid_listen/);
  assert.deepEqual([seen, counters.unauthenticated], [[], 4]);
  assert.equal(uidOf(await auth.renew('x'.repeat(300))), 'token');
});

test('what the one who looks at it refuses is refused as he says', async () => {
  const refused = { ok: false, code: 'auth_unavailable', message: 'away', retryAfterSeconds: 2 } as const;
  const { present, counters } = createAuth({ verifyToken: () => Promise.resolve(refused) });
  assert.deepEqual(await present('token=a'), refused);
  assert.equal(counters.unauthenticated, 1);
});
