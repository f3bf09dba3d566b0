import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { within } from '../support/deadline.ts';
import { hashOf } from '../support/hash-of.ts';
import type { Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { startRedis } from '../support/redis.ts';
import { request } from '../support/request.ts';
import { connectWs, refusedWs, type WsClient, type WsOptions } from '../support/ws-client.ts';
import { deployments } from './deployments.ts';
import { forgedTokens, keyOf, page, rightSenders, tenantFlags, tokenOf, wrongSenders } from './tenants.ts';

const redis = await startRedis({ after });

/** Ways to show something at the door of the listeners. */
const ways: Readonly<Record<string, (shown: string, query: string) => readonly [string, WsOptions]>> = {
  query: (shown, query) => [`/ws?token=${encodeURIComponent(shown)}&${query}`, {}],
  subprotocol: (shown, query) => [`/ws?${query}`, { protocols: ['tidings', `token.${shown}`] }],
  authorization: (shown, query) => [`/ws?${query}`, { headers: { authorization: `Bearer ${shown}` } }],
  cookie: (shown, query) => [`/ws?${query}`, { headers: { cookie: `session=${shown}` }, origin: page }],
};

/** By which a listener may say that it is somebody else. */
const askedFor = [
  '',
  'uid=a-1',
  'uid=a-1&types=*',
  'd=%7B%22uid%22%3A%22a-1%22%7D',
  'uid=b-1&uid=a-1',
  'uid=a-1&mid=1',
];

async function ticketFor({ adminUrl }: Instance, uid: string): Promise<string> {
  const options = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ uid }) };
  const { status, text, json } = await request(`${adminUrl}/tickets`, options);
  assert.equal(status, 201, text);
  return (json as { ticket: string }).ticket;
}

const isRefused = (status: number): boolean => status === 400 || status === 401 || status === 403;

/** Who gets in must be somebody of the second tenant; undefined: it was refused. */
async function tryDoor(t: TestContext, url: string, options: WsOptions, what: string): Promise<WsClient | undefined> {
  // Not asked twice: a ticket is good for once.
  return connectWs(t, url, options).catch((error: unknown) => {
    const status = /^Error: Unexpected server response: (\d+)$/.exec(String(error))?.[1];
    assert.ok(isRefused(Number(status)), `${what}: ${String(error)}`);
    return undefined;
  });
}

/** Messages, as texts, without the events. */
const heard = ({ frames }: WsClient): unknown[] =>
  frames.flatMap((frame) => (Object(frame).event === undefined ? [Object(frame).msg] : []));

const secretText = 'for a-1 alone';

/** What posts to the first tenant look like; each is tried with every wrong sender. */
const bodies: Readonly<Record<string, readonly [string, string]>> = {
  'to its uid': ['application/json', '{"topic":"uids","topic_ids":["a-1"],"msg":"forged"}'],
  'to its uid among others': ['application/json', '{"topic":"uids","topic_ids":["b-1","a-1"],"msg":"forged"}'],
  'to all': ['application/json', '{"topic":"all","msg":"forged"}'],
  'to all, with a list': ['application/json', '{"topic":"all","topic_ids":["b-1"],"msg":"forged"}'],
  'in a batch': [
    'application/json',
    '[{"topic":"uids","topic_ids":["b-1"],"msg":"forged"},{"topic":"uids","topic_ids":["a-1"],"msg":"forged"}]',
  ],
  'on a line': [
    'application/x-ndjson',
    '{"topic":"uids","topic_ids":["b-1"],"msg":"forged"}\n{"topic":"uids","topic_ids":["a-1"],"msg":"forged"}',
  ],
  'said twice': ['application/json', '{"topic":"uids","topic_ids":["b-1"],"topic_ids":["a-1"],"msg":"forged"}'],
};

for (const [name, start] of Object.entries(deployments(redis))) {
  test(`${name}: no wrong credential listens to what is the first tenant's, at any door`, async (t) => {
    const instances = await start(t, tenantFlags);
    const [instance] = instances;
    const last = instances.at(-1) ?? instance;
    const owner = await connectWs(t, `${instance.wsUrl}/ws?token=${tokenOf('a-1')}`);
    const [past] = rightSenders('');
    const toA = { topic: 'uids', topic_ids: ['a-1'], msg: secretText };
    assert.equal((await post(instance.url, toA, { headers: past ?? {} })).status, 202);
    await owner.count(1);

    const used = await ticketFor(instance, 'a-1');
    await (await connectWs(t, `${last.wsUrl}/ws?token=${used}`)).close();
    const wrong: Readonly<Record<string, string>> = {
      ...forgedTokens(),
      'a used ticket': used,
      'a ticket that was never given': `tkt_${'A'.repeat(43)}`,
      'a key of a sender': keyOf('a'),
      'nothing in its place': '',
    };
    let tries = 0;
    for (const [what, shown] of Object.entries(wrong)) {
      for (const [way, make] of Object.entries(ways)) {
        for (const query of ['', 'uid=a-1']) {
          const [path, options] = make(shown, query);
          const { status } = await refusedWs(`${last.wsUrl}${path}`, options);
          assert.ok(isRefused(status), `${what}, by ${way}, ${query}: ${status}`);
          tries += 1;
        }
      }
    }
    // What is right, of the second tenant: it is itself, or nobody.
    const inside: WsClient[] = [];
    for (const [way, make] of Object.entries(ways)) {
      for (const query of askedFor) {
        for (const shown of [tokenOf('b-1'), await ticketFor(instance, 'b-1')]) {
          const [path, options] = make(shown, query);
          const client = await tryDoor(t, `${last.wsUrl}${path}`, options, `${way} ${query}`);
          if (client !== undefined) inside.push(client);
          assert.equal(client !== undefined, query === '' || query.startsWith('uid=b-1&'), `${way} ${query}`);
          tries += 1;
        }
      }
    }
    for (const query of askedFor)
      assert.ok(isRefused((await refusedWs(`${last.wsUrl}/ws?${query}`)).status), `no token, ${query}`);
    assert.ok(tries > 200 && inside.length >= 4, `${tries} tries, ${inside.length} inside`);

    // Inside, a connection may say what it likes: it stays whose it is.
    const tracked = await connectWs(t, `${last.wsUrl}/ws?token=${tokenOf('b-1')}&mid=1&types=*`);
    const says = ['{"types":["*"]}', '{"uid":"a-1","types":["*"]}', '{"ack":1,"uid":"a-1"}', '{"d":{"uid":"a-1"}}'];
    for (const text of says) for (const client of [...inside, tracked]) client.send(text);
    const taker = await connectWs(t, `${last.wsUrl}/ws?token=${tokenOf('b-1')}&mid=`);
    taker.send({ token: tokenOf('a-1') });
    assert.equal((await within(taker.closed, 'a token of another uid to end it')).code, 4501);

    assert.equal((await post(instance.url, toA, { headers: past ?? {} })).status, 202);
    const toB = { topic: 'uids', topic_ids: ['b-1'], msg: 'for b-1' };
    assert.equal((await post(instance.url, toB, { headers: { 'x-api-key': keyOf('b') } })).status, 202);
    // Whoever has b's, which was posted last, would have had a's.
    for (const client of [...inside, tracked]) await client.until((frame) => Object(frame).msg === 'for b-1');
    for (const client of [...inside, tracked]) assert.deepEqual(heard(client), ['for b-1']);
    await owner.count(2);
    assert.deepEqual(heard(owner), [secretText, secretText]);
  });

  test(`${name}: no wrong credential sends to the first tenant`, async (t) => {
    const instances = await start(t, tenantFlags);
    const [instance] = instances;
    const last = instances.at(-1) ?? instance;
    const owner = await connectWs(t, `${instance.wsUrl}/ws?token=${tokenOf('a-1')}&types=*&mid=`);
    const other = await connectWs(t, `${instance.wsUrl}/ws?token=${tokenOf('b-1')}&types=*&mid=`);
    let tries = 0;
    for (const [kind, [mediaType, body]] of Object.entries(bodies)) {
      for (const [who, headers] of Object.entries(wrongSenders(body))) {
        const answer = await post(last.url, body, { headers: { 'content-type': mediaType, ...headers } });
        assert.ok(isRefused(answer.status), `${kind}, by ${who}: ${answer.status} ${answer.text}`);
        tries += 1;
      }
    }
    assert.ok(tries > 150);

    // Ids are each tenant's own: the second can neither learn which the first has used, nor use them up.
    const id = { 'idempotency-key': 'order-1' };
    const toB = { topic: 'uids', topic_ids: ['b-1'], msg: 'for b-1' };
    const first = await post(last.url, toB, { headers: { ...id, 'x-api-key': keyOf('b') } });
    assert.equal(first.status, 202, first.text);
    const body = JSON.stringify({ topic: 'uids', topic_ids: ['a-1'], msg: secretText });
    for (const headers of rightSenders(body)) {
      const answer = await post(instance.url, body, { headers });
      assert.equal(answer.status, 202, answer.text);
    }
    const own = await post(instance.url, body, { headers: { ...id, 'x-api-key': keyOf('a') } });
    assert.equal(own.status, 202, own.text);
    await owner.count(1 + 4);
    assert.deepEqual(heard(owner), [secretText, secretText, secretText, secretText]);
    await other.count(1 + 1);
    assert.deepEqual(heard(other), ['for b-1']);
  });
}

test('what is for operators is not at the public door, whatever is shown', async (t) => {
  const [{ url }] = await deployments(redis)['list']!(t, tenantFlags);
  const paths = [
    '/stats',
    '/messages/x',
    '/users/a-1',
    '/users/a-1/disconnect',
    '/tickets',
    '/drain',
    '/failed',
    '/scheduled',
    '/metrics',
  ];
  for (const path of paths) {
    for (const method of ['GET', 'POST', 'DELETE']) {
      for (const authorization of [`Bearer ${keyOf('a')}`, `Bearer ${tokenOf('a-1')}`]) {
        const answer = await request(`${url}${path}`, { method, headers: { authorization } });
        assert.equal(answer.status, 404, `${method} ${path}: ${answer.text}`);
      }
    }
  }
});

test('what opens one door opens no other', async (t) => {
  const adminKey = 'the-key-of-an-operator';
  const admin = `--admin-keys=${JSON.stringify([{ name: 'op', hash: hashOf(adminKey), role: 'write' }])}`;
  const [{ url, wsUrl, adminUrl }] = await deployments(redis)['list']!(t, [...tenantFlags, admin]);
  const json = { 'content-type': 'application/json' };
  const order = { method: 'POST', headers: { ...json, 'x-api-key': adminKey }, body: '{"uid":"a-1"}' };
  const { ticket } = (await request(`${adminUrl}/tickets`, order)).json as { ticket: string };
  const body = '{"topic":"uids","topic_ids":["a-1"],"msg":"forged"}';
  for (const shown of [adminKey, tokenOf('a-1'), ticket]) {
    for (const headers of [{ authorization: `Bearer ${shown}` }, { 'x-api-key': shown }]) {
      assert.equal((await post(url, body, { headers })).status, 401);
    }
  }
  for (const shown of [keyOf('a'), tokenOf('a-1'), ticket]) {
    for (const headers of [
      { authorization: `Bearer ${shown}` },
      { 'x-api-key': shown },
      { cookie: `session=${shown}` },
    ]) {
      for (const [method, path] of [
        ['GET', '/stats'],
        ['GET', '/users/a-1'],
        ['POST', '/tickets'],
        ['POST', '/users/a-1/block'],
        ['POST', '/drain'],
      ]) {
        const options = { method: method ?? '', headers: { ...json, ...headers } };
        assert.equal((await request(`${adminUrl}${path ?? ''}`, options)).status, 401, `${method ?? ''} ${path ?? ''}`);
      }
    }
  }
  assert.equal((await post(adminUrl, body, { headers: { 'x-api-key': adminKey } })).status, 404);
  for (const make of Object.values(ways)) {
    const [path, options] = make(adminKey, '');
    assert.equal((await refusedWs(`${wsUrl}${path}`, options)).status, 401);
  }
  // Nobody has used it up where it opens nothing.
  await connectWs(t, `${wsUrl}/ws?token=${ticket}`);
});

test('nothing that was shown at a door is in the log, the statistics or an answer', async (t) => {
  const [instance] = await deployments(redis)['list']!(t, [...tenantFlags, '--log-level=trace']);
  const shown = [...Object.values(forgedTokens()), tokenOf('b-1'), await ticketFor(instance, 'b-1')];
  const answers: string[] = [];
  for (const text of shown) {
    for (const make of Object.values(ways)) {
      const [path, options] = make(text, 'uid=a-1');
      answers.push((await refusedWs(`${instance.wsUrl}${path}`, options)).text);
    }
  }
  const [mediaType = '', body = ''] = bodies['to its uid'] ?? [];
  const senders = Object.values(wrongSenders(body));
  for (const headers of senders) {
    answers.push((await post(instance.url, body, { headers: { 'content-type': mediaType, ...headers } })).text);
  }
  answers.push((await request(`${instance.adminUrl}/stats`)).text);
  await instance.stop();
  const said = [...answers, ...instance.lines].join('\n');
  const secrets = [
    ...shown,
    keyOf('a'),
    keyOf('b'),
    keyOf('old-a'),
    ...senders.flatMap((headers) => headers['tidings-signature']?.split('v1=')[1] ?? []),
  ];
  assert.ok(secrets.length > 30 && said.includes('"level"'));
  for (const secret of secrets) assert.ok(secret === '' || !said.includes(secret), secret);
});
