import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { hashOf } from '../support/hash-of.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { openRaw } from '../support/raw-socket.ts';
import { request, type Answer } from '../support/request.ts';
import { signed } from '../support/sign.ts';
import { connectWs } from '../support/ws-client.ts';
import { assertError, readAnswers } from './serving.ts';

const secret = 'a-secret-of-at-least-32-bytes-only-for-tests';
const keys = [
  { name: 'whole', hash: hashOf('key-of-whole') },
  { name: 'whole2', hash: hashOf('key-of-whole2') },
  { name: 'a', hash: hashOf('key-of-a'), uids: ['a-'], types: ['notice', 'order'] },
  { name: 'a2', hash: hashOf('key-of-a2'), uids: ['a-'], types: ['order', 'notice'] },
  { name: 'b', hash: hashOf('key-of-b'), uids: ['b-'] },
  { name: 'slow', hash: hashOf('key-of-slow'), rate: 3 },
  { name: 'gone', hash: hashOf('key-of-gone'), expires: '2020-01-01' },
  { name: 'signs', 'hmac-secret': secret },
  { name: 'signs-a', 'hmac-secret': `${secret}-a`, uids: ['a-'] },
];
const flags = [`--keys=${JSON.stringify(keys)}`, '--max-body=8KiB', '--log-level=debug'];
const instance = await startInstance({ after }, { flags });
const { url, wsUrl } = instance;

const toAll = { topic: 'all', msg: 'm' };
const to = (uid: string, more: object = {}): object => ({ topic: 'uids', topic_ids: [uid], msg: 'm', ...more });
const by = (name: string): { headers: Record<string, string> } => ({ headers: { 'x-api-key': `key-of-${name}` } });

type Counts = Readonly<Record<string, { accepted: number; refused: number }>>;

async function stats({ adminUrl }: Instance = instance) {
  return (await request(`${adminUrl}/stats`)).json as { keys: Counts; counters: Readonly<Record<string, number>> };
}

function idOf({ status, json, text }: Answer): string {
  assert.equal(status, 202, text);
  return (json as { id: string }).id;
}

test('a post needs a key, by either header', async () => {
  for (const headers of [
    {},
    { authorization: 'Bearer nobody' },
    { 'x-api-key': 'whole' },
    { authorization: 'Basic eDp5' },
  ]) {
    const answer = await post(url, toAll, { headers: headers as Record<string, string> });
    assertError(answer, 'unauthenticated');
    assert.equal(answer.headers['www-authenticate'], 'Bearer');
  }
  assert.match(assertError(await post(url, toAll, by('gone')), 'unauthenticated').message, /The key gone has expired/);
  idOf(await post(url, toAll, by('whole')));
  idOf(await post(url, toAll, { headers: { authorization: 'Bearer key-of-whole2' } }));
});

test('who has no key is answered before the body is there, and of a body that is too large nothing is said', async (t) => {
  const socket = await openRaw(t, url);
  await socket.write('POST /send HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 99999\r\n\r\n');
  const received = await socket.receivedUntil((text) => readAnswers(text).length === 1, 'an answer');
  assert.equal(readAnswers(received)[0]?.status, 401);
});

test('who waits to be told to go on is told 401, and not to go on', async (t) => {
  const socket = await openRaw(t, url);
  await socket.write(
    'POST /send HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n',
  );
  const received = await socket.receivedUntil((text) => text.includes('\r\n\r\n'), 'an answer');
  assert.match(received, /^HTTP\/1\.1 401 /);
});

test('two keys, and two headers of a kind, are none', async (t) => {
  const body = JSON.stringify(toAll);
  for (const lines of [
    'X-API-Key: key-of-whole\r\nX-API-Key: key-of-whole2\r\n',
    'X-API-Key: key-of-whole\r\nX-API-Key: key-of-whole\r\n',
    'Authorization: Bearer key-of-whole\r\nX-API-Key: key-of-whole2\r\n',
    'Authorization: Bearer key-of-whole\r\nAuthorization: Bearer nobody\r\n',
    'Authorization: Bearer key-of-whole\r\nAuthorization: Basic eDp5\r\n',
  ]) {
    const socket = await openRaw(t, url);
    const head = `POST /send HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    await socket.write(`${head}${lines}\r\n${body}`);
    const received = await socket.receivedUntil((text) => readAnswers(text).length === 1, 'an answer');
    assert.equal(readAnswers(received)[0]?.status, 401, lines);
  }
});

test('a key may post what its scopes say, and 403 says which rule and which item', async (t) => {
  const client = await connectWs(t, `${wsUrl}/ws?uid=a-1&types=*`);
  const wrong: readonly (readonly [object, string, number?])[] = [
    [toAll, 'topic'],
    [to('b-1'), 'topic_ids'],
    [to('a-1', { types: 'alert' }), 'types'],
    [[to('a-1'), to('b-1')], 'topic_ids', 1],
    [[to('a-1'), to('a-1', { types: 'alert' })], 'types', 1],
    [to('A-1'), 'topic_ids'],
    [{ ...to('x'), topic_ids: ['a-1', 'a-2', 7] }, 'topic_ids'],
  ];
  for (const [envelope, path, index] of wrong) {
    const { message, details } = assertError(await post(url, envelope, by('a')), 'forbidden');
    assert.match(message, /^The key a may not post this: /);
    assert.deepEqual(
      details?.map((detail) => [detail.path, detail.index]),
      [[path, index]],
    );
  }
  const lines = [to('a-1'), toAll].map((envelope) => JSON.stringify(envelope)).join('\n');
  const ndjson = { 'content-type': 'application/x-ndjson' };
  const refused = await post(url, lines, { headers: { ...by('a').headers, ...ndjson } });
  assert.equal(assertError(refused, 'forbidden').details?.[0]?.index, 1);
  await post(url, to('a-1', { types: 'order', msg: 'right' }), by('a'));
  assert.equal(((await client.next()) as { msg: string }).msg, 'right', 'and nothing came of what was refused');
});

test('a wrong envelope is 400 before it is 403, for nobody can say what it was to be', async () => {
  assertError(await post(url, { topic: 'all' }, by('a')), 'invalid_envelope');
  assertError(await post(url, '{', by('a')), 'invalid_json');
});

test('a key with scopes neither learns nor uses up the ids of another', async () => {
  const whole = idOf(await post(url, to('a-1', { id: 'order-1', msg: 'of whole' }), by('whole')));
  assert.equal(whole, 'order-1');
  const ofA = idOf(await post(url, to('a-1', { id: 'order-1', msg: 'of a' }), by('a')));
  const ofB = idOf(await post(url, to('b-1', { id: 'order-1' }), by('b')));
  assert.match(ofA, /^[\w-]{8}\.order-1$/);
  assert.equal(new Set([whole, ofA, ofB]).size, 3);
  const later = { headers: { ...by('b').headers, 'idempotency-key': 'order-2' } };
  idOf(await post(url, to('b-1'), later));
  assert.equal(
    idOf(await post(url, toAll, { headers: { ...by('whole').headers, 'idempotency-key': 'order-2' } })),
    'order-2',
  );
  assertError(await post(url, to('b-1', { msg: 'another' }), later), 'id_conflict');
  const batch = await post(url, [to('b-1'), to('b-2')], later);
  assert.deepEqual(
    (batch.json as { ids: string[] }).ids.map((id) => id.slice(8)),
    ['.order-2/0', '.order-2/1'],
  );
});

test('the key that takes the place of another answers for what that one has posted', async () => {
  const first = idOf(await post(url, to('a-1', { id: 'rotated' }), by('a')));
  assert.equal(idOf(await post(url, to('a-1', { id: 'rotated' }), by('a2'))), first);
  assertError(await post(url, to('a-1', { id: 'rotated', msg: 'x' }), by('a2')), 'id_conflict');
});

test('the longest id of a key with scopes is found by the admin listener', async () => {
  const headers = { ...by('a').headers, 'idempotency-key': 'k'.repeat(128) };
  const { ids } = (
    await post(
      url,
      Array.from({ length: 11 }, () => to('a-1')),
      { headers },
    )
  ).json as { ids: string[] };
  const last = ids.at(-1) ?? '';
  assert.equal(last.length, 9 + 128 + 3);
  assert.equal((await request(`${instance.adminUrl}/messages/${encodeURIComponent(last)}`)).status, 200);
});

test('so many posts of a second pass, and the next is told when to come back', async (t) => {
  const one = `POST /send HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-API-Key: key-of-slow\r\n`;
  const body = JSON.stringify(toAll);
  const socket = await openRaw(t, url);
  // In one piece: all of them are there within the second.
  await socket.write(`${one}Content-Length: ${body.length}\r\n\r\n${body}`.repeat(4));
  const received = await socket.receivedUntil((text) => readAnswers(text).length === 4, 'four answers');
  const answers = readAnswers(received);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [202, 202, 202, 429],
  );
  assert.equal(answers[3]?.headers['retry-after'], '1');
  assert.match(answers[3].text, /"rate_exceeded","message":"This is more than the 3 posts a second of the key slow/);
  assertError(await post(url, [toAll, toAll, toAll, toAll], by('slow')), 'forbidden');
});

test('what cannot be read and what is forbidden counts as a post', async (t) => {
  const scoped = [{ name: 'slow', hash: hashOf('key-of-slow'), rate: 2, all: false }];
  const { url: slowUrl } = await startInstance(t, { flags: [`--keys=${JSON.stringify(scoped)}`] });
  const socket = await openRaw(t, slowUrl);
  const bodies = ['{', JSON.stringify(toAll), JSON.stringify(to('1'))];
  const head = `POST /send HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-API-Key: key-of-slow\r\n`;
  await socket.write(bodies.map((body) => `${head}Content-Length: ${body.length}\r\n\r\n${body}`).join(''));
  const received = await socket.receivedUntil((text) => readAnswers(text).length === 3, 'three answers');
  assert.deepEqual(
    readAnswers(received).map(({ status }) => status),
    [400, 403, 429],
  );
});

test('the posts of all together have a limit, with or without keys', async (t) => {
  const { url: openUrl } = await startInstance(t, { flags: ['--max-posts=2'] });
  const socket = await openRaw(t, openUrl);
  const body = JSON.stringify(toAll);
  const one = `POST /send HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  await socket.write(one.repeat(3));
  const received = await socket.receivedUntil((text) => readAnswers(text).length === 3, 'three answers');
  assert.deepEqual(
    readAnswers(received).map(({ status }) => status),
    [202, 202, 429],
  );
});

test('a signed post needs no key on the wire, and its replay is not delivered', async (t) => {
  const client = await connectWs(t, `${wsUrl}/ws?uid=a-9`);
  const body = JSON.stringify(to('a-9'));
  const headers = signed('signs', { secret, body });
  const id = idOf(await post(url, body, { headers }));
  assert.match(id, /^sig-[\w-]{43}$/);
  assert.equal(idOf(await post(url, body, { headers })), id);
  assertError(
    await post(url, body, { headers: { ...headers, 'content-type': 'application/x-ndjson' } }),
    'unauthenticated',
  );
  assertError(await post(url, body, { headers: { ...headers, 'idempotency-key': 'x' } }), 'unauthenticated');
  assertError(await post(url, body.replace('"m"', '"n"'), { headers }), 'unauthenticated');
  for (const beside of [by('whole').headers, by('nobody').headers, { authorization: 'Bearer x' }]) {
    const both = assertError(await post(url, body, { headers: { ...headers, ...beside } }), 'unauthenticated');
    assert.match(both.message, /send one of them/);
  }
  assertError(await post(url, body, { headers: { ...headers, 'tidings-key': 'signs-a' } }), 'unauthenticated');
  const last = JSON.stringify(to('a-9', { msg: 'last' }));
  await post(url, last, { headers: signed('signs', { secret, body: last }) });
  await client.next();
  assert.equal(((await client.next()) as { msg: string }).msg, 'last', 'the first came once');
});

test('ids that the sender of a signed post chooses stand, each in its place', async () => {
  const batch = JSON.stringify([to('a-1', { id: 'mine-1' }), to('a-1')]);
  const { ids } = (await post(url, batch, { headers: signed('signs', { secret, body: batch }) })).json as {
    ids: string[];
  };
  assert.equal(ids[0], 'mine-1');
  assert.match(ids[1] ?? '', /^sig-[\w-]{43}\/1$/);
  const body = JSON.stringify(to('a-1'));
  const keyed = signed('signs', { secret, body, idempotencyKey: 'k-1' });
  assert.equal(idOf(await post(url, body, { headers: { ...keyed, 'idempotency-key': 'k-1' } })), 'k-1');
  const scoped = signed('signs-a', { secret: `${secret}-a`, body });
  assert.match(idOf(await post(url, body, { headers: scoped })), /^[\w-]{8}\.sig-/);
  assertError(
    await post(url, JSON.stringify(toAll), {
      headers: signed('signs-a', { secret: `${secret}-a`, body: JSON.stringify(toAll) }),
    }),
    'forbidden',
  );
});

test('a page needs an allowed origin and a key', async (t) => {
  const origin = 'https://app.example.com';
  const paged = await startInstance(t, { flags: [...flags, `--origins=${origin}`] });
  const evil = { ...by('whole').headers, origin: 'https://evil.example' };
  assertError(await post(paged.url, toAll, { headers: evil }), 'origin_refused');
  const keyless = await post(paged.url, toAll, { headers: { origin } });
  assertError(keyless, 'unauthenticated');
  assert.equal(keyless.headers['access-control-allow-origin'], origin, 'so that the page can read why');
  idOf(await post(paged.url, toAll, { headers: { ...by('whole').headers, origin } }));
  const preflight = await request(`${paged.url}/send`, { method: 'OPTIONS', headers: { origin } });
  assert.equal(preflight.status, 204, 'which carries no key');
});

test('each key has its counts, refusals have theirs, and logs name the key and never show one', async (t) => {
  const counted = await startInstance(t, { flags });
  await post(counted.url, [to('a-1'), to('a-2')], by('a'));
  await post(counted.url, toAll, by('a'));
  await post(counted.url, toAll, by('whole'));
  await post(counted.url, toAll, by('nobody'));
  await post(counted.url, [toAll, toAll, toAll], by('slow'));
  const body = JSON.stringify(toAll);
  const headers = signed('signs', { secret, body });
  await post(counted.url, body, { headers });
  await post(counted.url, ` ${body}`, { headers });
  await post(counted.url, body, { headers: { ...headers, 'content-type': 'text/plain' } });
  const { keys: counts, counters } = await stats(counted);
  const none = { accepted: 0, refused: 0 };
  assert.deepEqual(counts, {
    whole: { accepted: 1, refused: 0 },
    whole2: none,
    a: { accepted: 2, refused: 1 },
    a2: none,
    b: none,
    slow: { accepted: 3, refused: 0 },
    gone: none,
    signs: { accepted: 1, refused: 0 },
    'signs-a': none,
  });
  const { accepted, refused, postsUnauthenticated, postsForbidden, postsLimited } = counters;
  assert.deepEqual([accepted, refused, postsUnauthenticated, postsForbidden, postsLimited], [7, 4, 2, 1, 0]);
  await counted.stop();
  assert.deepEqual(
    counted.records('post').map(({ key, messages }) => [key, messages]),
    [
      ['a', 2],
      ['whole', 1],
      ['slow', 3],
      ['signs', 1],
    ],
  );
  assert.deepEqual(
    counted.records('post.refused').map(({ key, code }) => [key, code]),
    [
      ['a', 'forbidden'],
      [null, 'unauthenticated'],
      [null, 'unauthenticated'],
      [null, 'unsupported_media_type'],
    ],
  );
  const log = counted.lines.join('\n');
  for (const shown of ['key-of-', secret, headers['tidings-signature'] ?? '?']) assert.ok(!log.includes(shown), shown);
});

test('workers ask as one does, and their counts are sums', async (t) => {
  const crew = await startInstance(t, { flags: [...flags, '--workers=2'] });
  for (let index = 0; index < 6; index += 1) {
    idOf(await post(crew.url, to('a-1'), by('a')));
    assertError(await post(crew.url, toAll, by('a')), 'forbidden');
    assertError(await post(crew.url, toAll), 'unauthenticated');
  }
  const { keys: counts, counters } = await stats(crew);
  assert.deepEqual(counts['a'], { accepted: 6, refused: 6 });
  assert.equal(counters['postsUnauthenticated'], 6);
});
