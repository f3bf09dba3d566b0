import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPresentedToken } from '../../src/auth/presented-token.ts';
import { chooseProtocol } from '../../src/gateway/subprotocol.ts';

const options = { tokenCookie: 'session', maxTokenBytes: 300 };

function read(query: string, headers: Record<string, string> = {}, { isPageAllowed = true, cookie = 'session' } = {}) {
  const presented = { query: new URLSearchParams(query), headers };
  const chosen = { ...options, tokenCookie: cookie === '' ? null : cookie };
  return readPresentedToken(presented, () => isPageAllowed, chosen);
}

const taken = (token: string | undefined) => ({ ok: true, token });

test('a token is found in each of its places', () => {
  assert.deepEqual(read('uid=1'), taken(undefined));
  assert.deepEqual(read('token=a.b.c'), taken('a.b.c'));
  for (const authorization of ['Bearer a.b.c', 'bearer  a.b.c', 'BEARER a.b.c ']) {
    assert.deepEqual(read('', { authorization }), taken('a.b.c'));
  }
  for (const protocols of ['tidings, token.a.b.c', 'token.a.b.c', 'x,token.a.b.c,tidings']) {
    assert.deepEqual(read('', { 'sec-websocket-protocol': protocols }), taken('a.b.c'));
  }
  for (const cookie of ['session=a.b.c', 'x=1; session=a.b.c; y=2', 'session="a.b.c"']) {
    assert.deepEqual(read('', { cookie }), taken('a.b.c'));
  }
});

test('what is not for us is passed over', () => {
  assert.deepEqual(read('', { authorization: 'Basic YTpi' }), taken(undefined));
  assert.deepEqual(read('', { 'sec-websocket-protocol': 'tidings, chat' }), taken(undefined));
  assert.deepEqual(read('', { cookie: 'xsession=a; sessio=b; Session=c; session.d=e' }), taken(undefined));
  assert.deepEqual(read('', { cookie: 'session=a.b.c' }, { cookie: '' }), taken(undefined));
});

test('the same token may stand in several places, two different ones may not', () => {
  const authorization = 'Bearer a.b.c';
  assert.deepEqual(read('token=a.b.c&token=a.b.c', { authorization, cookie: 'session=a.b.c' }), taken('a.b.c'));
  for (const [query, headers] of [
    ['token=x', { authorization }],
    ['token=x&token=y', {}],
    ['', { authorization, cookie: 'session=x' }],
    ['', { authorization, 'sec-websocket-protocol': 'token.x' }],
    ['', { 'sec-websocket-protocol': 'token.x, token.y' }],
    ['', { cookie: 'session=x; session=y' }],
    ['token=&token=x', {}],
  ] as const) {
    const said = read(query, headers);
    assert.deepEqual(said.ok ? said : [said.code, said.message], [
      'invalid_listen',
      'Two different tokens are presented: present one.',
    ]);
  }
});

test('a cookie counts only for a page that may use it', () => {
  const refused = read('', { cookie: 'session=a.b.c' }, { isPageAllowed: false });
  assert.deepEqual(refused.ok ? refused : refused.code, 'forbidden');
  // A token of the page's own is no cookie, and the cookie beside it is as if it were not there.
  for (const cookie of ['session=a.b.c', 'session=stale']) {
    assert.deepEqual(read('token=a.b.c', { cookie }, { isPageAllowed: false }), taken('a.b.c'));
  }
});

test('a token of the greatest length is looked at, a longer one is not', () => {
  assert.deepEqual(read(`token=${'a'.repeat(300)}`), taken('a'.repeat(300)));
  for (const token of ['a'.repeat(301), 'é'.repeat(151), 'a'.repeat(100_000)]) {
    const said = read(`token=${token}`);
    assert.deepEqual(said.ok ? said : [said.code, said.message], [
      'unauthenticated',
      'The token is longer than --max-token (300 bytes).',
    ]);
  }
});

test('an empty or broken one is refused, and not passed over', () => {
  for (const [query, headers] of [
    ['token=', {}],
    ['', { authorization: 'Bearer' }],
    ['', { authorization: 'Bearer ' }],
    ['', { authorization: 'Bearer a b' }],
    ['', { authorization: 'Bearer a.b.c, Bearer a.b.c' }],
    ['', { authorization: 'Bearer "a"' }],
    ['', { 'sec-websocket-protocol': 'token.' }],
    ['', { cookie: 'session=' }],
  ] as const) {
    const said = read(query, headers);
    assert.equal(said.ok ? 'taken' : said.code, 'unauthenticated', JSON.stringify([query, headers]));
  }
});

test('a subprotocol that holds a token is never the one that is chosen', () => {
  const choose = (...offered: string[]) => chooseProtocol(new Set(offered));
  assert.equal(choose('tidings', 'token.a.b.c'), 'tidings');
  assert.equal(choose('token.a.b.c', 'tidings'), 'tidings');
  assert.equal(choose('token.a.b.c'), false);
  assert.equal(choose('token.a.b.c', 'chat'), 'chat');
  assert.equal(choose('chat', 'more'), 'chat', 'as ws does it by itself');
  assert.equal(choose(), false);
});
