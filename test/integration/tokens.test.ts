import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { startInstance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { request } from '../support/request.ts';
import { encodePart, secondsFromNow, secretToken, tokenSecret } from '../support/tokens.ts';
import { connectWs, refusedWs, type WsOptions } from '../support/ws-client.ts';

const page = 'https://app.example';
const server = await startInstance(
  { after },
  {
    flags: [
      '--token-leeway=0s',
      '--token-audience=chat',
      '--token-issuer=us',
      '--token-cookie=session',
      `--origins=${page},null`,
      '--max-token=8KiB',
      '--log-level=trace',
    ],
    env: { TIDINGS_TOKEN_SECRET: tokenSecret },
  },
);
const wsUrl = `${server.wsUrl}/ws`;

/** All tokens of this file: none may be found in the log. */
const tokens: string[] = [];

function tokenOf(claims: object, options?: Parameters<typeof secretToken>[1]): string {
  const token = secretToken({ aud: 'chat', iss: 'us', ...claims }, options);
  tokens.push(token);
  return token;
}

const eventOf = (frame: unknown): unknown => Object(frame).event;

async function counter(name: string): Promise<number> {
  const { json } = await request(`${server.adminUrl}/stats`);
  return Number(Object(json).counters[name]);
}

test('a listener has the uid of its token, and nothing of another', async (t) => {
  const client = await connectWs(t, `${wsUrl}?token=${tokenOf({ sub: 'ann', exp: secondsFromNow(60) })}`);
  await post(server.url, { topic: 'uids', topic_ids: ['bob'], msg: 'for bob' });
  await post(server.url, { topic: 'uids', topic_ids: ['ann'], msg: 'for ann' });
  assert.equal(Object(await client.next()).msg, 'for ann');
});

test('it may be presented in the query, as a subprotocol, as Authorization or in a cookie', async (t) => {
  const token = tokenOf({ sub: 'ann' });
  const ways: readonly [string, WsOptions][] = [
    [`${wsUrl}?token=${token}`, {}],
    [`${wsUrl}?uid=ann`, { protocols: ['tidings', `token.${token}`] }],
    [wsUrl, { protocols: [`token.${token}`, 'tidings'] }],
    [wsUrl, { headers: { authorization: `Bearer ${token}` } }],
    [wsUrl, { headers: { cookie: `a=b; session=${token}` }, origin: page }],
    [wsUrl, { headers: { cookie: `session=${token}` }, origin: server.url }],
  ];
  for (const [url, options] of ways) {
    const client = await connectWs(t, url, options);
    await post(server.url, { topic: 'uids', topic_ids: ['ann'], msg: url });
    assert.equal(Object(await client.next()).msg, url);
    await client.close();
  }
});

test('a subprotocol that holds a token is not sent back', async (t) => {
  const token = tokenOf({ sub: 'ann' });
  const seen: unknown[] = [];
  for (const protocols of [
    ['tidings', `token.${token}`],
    [`token.${token}`, 'tidings'],
    [`token.${token}`, 'x'],
  ]) {
    const client = await connectWs(t, wsUrl, { protocols, onUpgrade: (headers) => seen.push(headers) });
    await client.close();
  }
  assert.deepEqual(
    seen.map((headers) => Object(headers)['sec-websocket-protocol']),
    ['tidings', 'tidings', 'x'],
  );
  assert.ok(!JSON.stringify(seen).includes(token));
});

test('a cookie counts for a page of an origin that is named, and for nobody else', async () => {
  const headers = { cookie: `session=${tokenOf({ sub: 'ann' })}` };
  for (const [options, code] of [
    [{ headers }, 'forbidden'],
    [{ headers, origin: 'null' }, 'forbidden'],
    [{ headers, origin: 'https://evil.example' }, 'origin_refused'],
    [{ headers, origin: 'https://app.example.evil.example' }, 'origin_refused'],
    [{ headers, origin: 'http://app.example' }, 'origin_refused'],
  ] as const) {
    const answer = await refusedWs(wsUrl, options);
    assert.deepEqual([answer.status, JSON.parse(answer.text).error.code], [403, code], JSON.stringify(options));
  }
});

test('a cookie is not enough where every page of the web may listen', async (t) => {
  const flags = ['--origins=*', '--token-cookie=session'];
  const open = await startInstance(t, { flags, env: { TIDINGS_TOKEN_SECRET: tokenSecret } });
  const token = secretToken({ sub: 'ann' });
  const evil = { origin: 'https://evil.example' };
  const refused = await refusedWs(`${open.wsUrl}/ws`, { ...evil, headers: { cookie: `session=${token}` } });
  assert.deepEqual([refused.status, JSON.parse(refused.text).error.code], [403, 'forbidden']);
  const client = await connectWs(t, `${open.wsUrl}/ws?token=${token}`, evil);
  await client.close();
});

const now = secondsFromNow(0);
const forged = (header: object): string =>
  `${encodePart(header)}.${encodePart({ sub: 'ann', aud: 'chat', iss: 'us' })}.`;

const refusals: readonly [what: string, token: string, status: number, code: string][] = [
  ['none', '', 401, 'unauthenticated'],
  ['alg none', forged({ alg: 'none' }), 401, 'unauthenticated'],
  ['of another secret', tokenOf({ sub: 'ann' }, { secret: `${tokenSecret}!` }), 401, 'unauthenticated'],
  ['of another algorithm', tokenOf({ sub: 'ann' }, { header: { alg: 'RS256' } }), 401, 'unauthenticated'],
  ['for another audience', tokenOf({ sub: 'ann', aud: 'mail' }), 401, 'unauthenticated'],
  ['of another issuer', tokenOf({ sub: 'ann', iss: 'them' }), 401, 'unauthenticated'],
  ['expired', tokenOf({ sub: 'ann', exp: now - 60 }), 401, 'unauthenticated'],
  ['not valid for ten years', tokenOf({ sub: 'ann', nbf: now + 315_360_000 }), 401, 'unauthenticated'],
  ['issued tomorrow', tokenOf({ sub: 'ann', iat: now + 86_400 }), 401, 'unauthenticated'],
  ['without a sub', tokenOf({}), 401, 'unauthenticated'],
  ['with an empty sub', tokenOf({ sub: '' }), 401, 'unauthenticated'],
  ['garbage', 'garbage', 401, 'unauthenticated'],
  ['a ticket', 'tkt_AAAA', 401, 'unauthenticated'],
  ['oversized', tokenOf({ sub: 'ann', x: 'x'.repeat(8000) }), 401, 'unauthenticated'],
  ['for another uid', `${tokenOf({ sub: 'ann' })}&uid=bob`, 403, 'forbidden'],
  ['for other types', `${tokenOf({ sub: 'ann', types: ['a'] })}&types=a,b`, 403, 'forbidden'],
  ['two of them', `${tokenOf({ sub: 'ann' })}&token=${tokenOf({ sub: 'bob' })}`, 400, 'invalid_listen'],
];

for (const [what, token, status, code] of refusals) {
  test(`refused: a token that is ${what}`, async () => {
    const before = await counter('unauthenticated');
    const answer = await refusedWs(`${wsUrl}?token=${token}`);
    assert.deepEqual([answer.status, JSON.parse(answer.text).error.code], [status, code], answer.text);
    assert.equal(answer.headers['www-authenticate'], status === 401 ? 'Bearer' : undefined);
    for (const part of token.split(/[.&=]/).filter((text) => text.length > 8)) assert.ok(!answer.text.includes(part));
    assert.equal((await counter('unauthenticated')) - before, code === 'forbidden' ? 0 : 1);
  });
}

test('without a token nobody listens, and is told how', async () => {
  const answer = await refusedWs(`${wsUrl}?uid=ann`);
  assert.equal(answer.status, 401);
  assert.match(answer.text, /connect to \/ws\?token=/);
});

test('a token of the greatest length is taken, at the door and over the connection', async (t) => {
  const longest = (sub: string): string => {
    const size = tokenOf({ sub, x: '' }).length;
    // Four signs of base64 hold three bytes.
    const token = tokenOf({ sub, x: 'x'.repeat(Math.floor(((8192 - size) * 3) / 4)) });
    assert.ok(token.length > 8180 && token.length <= 8192, `${token.length}`);
    return token;
  };
  const client = await connectWs(t, `${wsUrl}?mid=&token=${longest('ann')}`);
  client.send({ token: longest('ann') });
  assert.deepEqual(await client.until((frame) => eventOf(frame) === 'token'), { event: 'token', expires_at: null });
  client.send({ token: `${longest('ann')}xxxxxxxxxxxx` });
  const told = await client.until((frame) => eventOf(frame) === 'token');
  assert.match(JSON.stringify(told), /longer than --max-token/);
  client.send({ x: 'x'.repeat(5000) });
  assert.deepEqual(await client.closed, { code: 1009, reason: 'the frame is too large' });
});

test('types that the token does not grant are had neither at the door nor over the connection', async (t) => {
  const token = tokenOf({ sub: 'ann', types: ['a', 'b'] });
  const client = await connectWs(t, `${wsUrl}?mid=&types=*&token=${token}`);
  const sendAll = async (): Promise<void> => {
    for (const types of ['secret', 'notice', 'a', 'b']) await post(server.url, { topic: 'all', types, msg: types });
  };
  const next = async () => Object(await client.until((frame) => 'msg' in Object(frame))).msg;
  await sendAll();
  assert.deepEqual([await next(), await next()], ['a', 'b']);
  for (const types of [['secret'], ['a', 'secret'], ['*', 'secret']]) client.send({ types });
  client.send({ types: ['b'] });
  // What it asks for in vain is ignored, so that nothing tells when it was read but what comes after.
  client.send({ token });
  await client.until((frame) => eventOf(frame) === 'token');
  await sendAll();
  assert.equal(await next(), 'b');
});

test('a token that expires closes its connection; a tracked one is told before', async (t) => {
  const before = await counter('tokensExpired');
  const token = tokenOf({ sub: 'ann', exp: secondsFromNow(3) });
  const tracked = await connectWs(t, `${wsUrl}?mid=&token=${token}`);
  const plain = await connectWs(t, `${wsUrl}?token=${token}`);
  const told = Object(await tracked.until((frame) => eventOf(frame) === 'token'));
  assert.ok(told.expires_in_ms > 0 && told.expires_in_ms <= 1500, JSON.stringify(told));
  const closed = { code: 4501, reason: 'the token has expired' };
  assert.deepEqual(await Promise.all([tracked.closed, plain.closed]), [closed, closed]);
  assert.deepEqual(plain.frames, []);
  assert.equal((await counter('tokensExpired')) - before, 2);
  assert.equal((await refusedWs(`${wsUrl}?token=${token}`)).status, 401, 'and it opens no other');
});

test('a token that is renewed over the connection keeps it, and nothing is missed', async (t) => {
  const expires = secondsFromNow(3);
  const client = await connectWs(t, `${wsUrl}?mid=&token=${tokenOf({ sub: 'ann', exp: expires })}`);
  const control = await connectWs(t, `${wsUrl}?token=${tokenOf({ sub: 'ann', exp: expires })}`);
  await client.until((frame) => eventOf(frame) === 'token', 'to be told');
  const until = secondsFromNow(600);
  client.send({ token: tokenOf({ sub: 'ann', exp: until }) });
  assert.deepEqual(await client.next(), { event: 'token', expires_at: until * 1000 });
  await control.closed;
  await post(server.url, { topic: 'uids', topic_ids: ['ann'], msg: 'after' });
  assert.equal(Object(await client.next()).msg, 'after');
  assert.ok(client.isOpen());
});

test('a new token that is wrong changes nothing, one of another uid ends the connection', async (t) => {
  const client = await connectWs(t, `${wsUrl}?mid=&token=${tokenOf({ sub: 'ann', exp: secondsFromNow(600) })}`);
  client.send({ token: tokenOf({ sub: 'ann', exp: now - 60 }) });
  const told = await client.until((frame) => eventOf(frame) === 'token');
  assert.deepEqual(told, {
    event: 'token',
    error: { code: 'unauthenticated', message: 'The token has expired (exp).' },
  });
  client.send({ token: tokenOf({ sub: 'bob' }) });
  assert.deepEqual(await client.closed, { code: 4501, reason: 'forbidden: the token is for another uid' });
});

// The last one: it looks at what all the others have left behind.
test('no token, nor any part of one that could be used, is in the log or in what the admin listener says', async () => {
  assert.ok(tokens.length > 30);
  const { text } = await request(`${server.adminUrl}/stats`);
  const said = [...server.lines, text].join('\n');
  assert.ok(server.lines.length > 0);
  for (const token of tokens) {
    const [, claims = '', signature = ''] = token.split('.');
    assert.ok(!said.includes(signature) && !said.includes(claims.slice(0, 40)), token);
  }
  assert.ok(!said.includes(tokenSecret));
});
