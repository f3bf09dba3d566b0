import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { post } from '../support/post.ts';
import { openRaw } from '../support/raw-socket.ts';
import { closeCodeIn, encodeFrame, openRawWs, upgradeRequest } from '../support/raw-ws.ts';
import type { Answer } from '../support/request.ts';
import { connectWs, refusedWs, type WsClient } from '../support/ws-client.ts';
import { assertError, ended, readAnswers, startServing } from './serving.ts';

const server = await startServing({ after }, { flags: ['--origins=https://any.example,null,file://'] });
const { url, wsUrl } = server;

interface Frame {
  readonly event?: string;
  readonly mid: number;
  readonly id: string;
  readonly types: string;
  readonly msg: string;
  readonly time: string;
}

const connect = (query: string, headers: Readonly<Record<string, string>> = {}): Promise<WsClient> =>
  connectWs({ after }, `${wsUrl}/ws?${query}`, { headers });

async function send(uid: string | null, msg: unknown, more: object = {}): Promise<string> {
  const to = uid === null ? { topic: 'all' } : { topic: 'uids', topic_ids: [uid] };
  const answer = await post(url, { ...to, msg, time: 't', ...more });
  assert.equal(answer.status, 202, answer.text);
  return (answer.json as { id: string }).id;
}

const msgs = ({ frames }: WsClient): string[] => frames.map((frame) => (frame as Frame).msg);

test('a plain frame is what the predecessor sent, byte for byte', async () => {
  const client = await connect('uid=plain');
  await send('plain', '测试消息', { time: '1999-12-12' });
  await client.next();
  assert.deepEqual(client.texts, ['{"types":"notice","msg":"测试消息","time":"1999-12-12"}']);
});

test('a tracked connection is welcomed with the newest mid, then gets mid and id with every frame', async () => {
  await send(null, 'before', { types: 'nobody' });
  const client = await connect('uid=tracked&mid=');
  const welcome = (await client.next()) as Frame & { resumed: boolean };
  const { mid: head } = (await server.stats()).gauges;
  assert.deepEqual(welcome, { event: 'welcome', mid: head, resumed: true });
  assert.ok(Number.isSafeInteger(head) && head > 0);
  const ids = [await send('tracked', 'one', { id: 'mine' }), await send(null, 'two')];
  await client.count(3);
  const [, first, second] = client.frames as [unknown, Frame, Frame];
  assert.equal(client.texts[1], `{"mid":${first.mid},"id":"mine","types":"notice","msg":"one","time":"t"}`);
  assert.deepEqual([first.id, second.id], ids);
  assert.ok(head < first.mid && first.mid < second.mid);
});

test('a cursor is answered honestly: nothing was missed, or some of it is not kept', async () => {
  const head = async (): Promise<number> => (await server.stats()).gauges.mid;
  const current = await connect(`uid=cursor&mid=${await head()}`);
  assert.deepEqual(await current.next(), { event: 'welcome', mid: await head(), resumed: true });
  const old = await connect('uid=cursor&mid=0');
  assert.deepEqual(await old.next(), { event: 'welcome', mid: await head(), resumed: false });
});

test('who listens is said by d, raw or encoded, or by uid; with an Origin or without', async () => {
  const document = '{"uid":"who","types":["notice"]}';
  const queries = [
    `d=${document.replaceAll('"', '%22')}`,
    `d=${encodeURIComponent(document)}`,
    'd=%7B%22uid%22:%22who%22%7D',
    'uid=who&types=notice',
    'uid=who',
  ];
  const clients: WsClient[] = [];
  for (const query of queries)
    clients.push(await connect(query), await connect(query, { origin: 'https://any.example' }));
  clients.push(
    await connect(queries[0] ?? '', { origin: 'null' }),
    await connect(queries[0] ?? '', { origin: 'file://' }),
  );
  await send('who', 'm');
  for (const client of clients) assert.equal(((await client.next()) as Frame).msg, 'm');
});

test('every byte of the query may come raw, as browsers of old sent it', async (t) => {
  const socket = await openRaw(t, url);
  await socket.write(upgradeRequest(`${url}/ws`).replace('GET /ws', 'GET /ws?d={"uid":"rawd","types":["notice"]}'));
  await socket.receivedUntil((text) => text.startsWith('HTTP/1.1 101 '), 'the upgrade');
  await send('rawd', 'm');
  await socket.receivedUntil((text) => text.endsWith('{"types":"notice","msg":"m","time":"t"}'), 'the frame');
});

test('every connection of a uid gets its own types, others nothing', async () => {
  const [a, b, every, stranger] = [
    await connect('uid=types&types=a'),
    await connect('uid=types&types=b,c'),
    await connect('uid=types&types=*'),
    await connect('uid=stranger&types=*'),
  ];
  for (const types of ['a', 'b', 'c', 'd']) await send('types', types, { types });
  await send(null, 'end', { types: 'a' });
  await send(null, 'end', { types: 'b' });
  await Promise.all([a.count(2), b.count(3), every.count(6), stranger.count(2)]);
  assert.deepEqual(msgs(a), ['a', 'end']);
  assert.deepEqual(msgs(b), ['b', 'c', 'end']);
  assert.deepEqual(msgs(every), ['a', 'b', 'c', 'd', 'end', 'end']);
  assert.deepEqual(msgs(stranger), ['end', 'end']);
});

test('what expires on the way is dropped and counted; what has time left arrives', async () => {
  const client = await connect('uid=late');
  const before = (await server.stats()).counters['expired'] ?? 0;
  for (const timeout of [1, Date.now() - 1, Math.floor(Date.now() / 1000) - 1]) await send('late', 'late', { timeout });
  await send('late', 'seconds', { timeout: Math.floor(Date.now() / 1000) + 60 });
  await send('late', 'milliseconds', { timeout: Date.now() + 60_000 });
  await send('late', 'never', { timeout: 0 });
  await client.count(3);
  assert.deepEqual(msgs(client), ['seconds', 'milliseconds', 'never']);
  assert.equal((await server.stats()).counters['expired'], before + 3);
});

test('a client may choose other types while it is connected', async () => {
  const client = await connect('uid=choose&types=a');
  const before = (await server.stats()).counters['clientFrames'] ?? 0;
  client.send({ types: ['b'] });
  await server.until(({ counters }) => counters['clientFrames'] === before + 1, 'the types to be read');
  await send('choose', 'to a', { types: 'a' });
  await send('choose', 'to b', { types: 'b' });
  await client.count(1);
  assert.deepEqual(msgs(client), ['to b']);
});

test('an acknowledgement is read, what means nothing is counted and ignored', async () => {
  const client = await connect('uid=talks');
  const before = (await server.stats()).counters;
  client.send({ ack: 5 });
  for (const nonsense of ['World !', '{"ack":"x"}', '[]', Buffer.from([1, 2, 3]), '{"types":["a,b"]}'])
    client.send(nonsense);
  const { counters } = await server.until(
    (stats) => stats.counters['ignoredFrames'] === (before['ignoredFrames'] ?? 0) + 5,
    'five ignored frames',
  );
  assert.equal(counters['clientFrames'], (before['clientFrames'] ?? 0) + 1);
  await send('talks', 'm');
  assert.equal(((await client.next()) as Frame).msg, 'm');
});

test('a ping is answered with its payload, once', async (t) => {
  const socket = await openRawWs(t, `${wsUrl}/ws?uid=ping`);
  await socket.write(encodeFrame({ opcode: 9, payload: 'are you there?' }));
  await socket.receivedUntil((text) => text.includes('\x8a\x0eare you there?'), 'the pong');
  await send('ping', 'm');
  const received = await socket.receivedUntil((text) => text.endsWith('"msg":"m","time":"t"}'), 'the frame');
  assert.equal(received.split('are you there?').length, 2);
});

test('a goodbye is answered with the same code', async (t) => {
  const socket = await openRawWs(t, `${wsUrl}/ws?uid=bye`);
  await socket.write(encodeFrame({ opcode: 8, payload: Buffer.from([0x03, 0xe8]) }));
  assert.equal(closeCodeIn(await ended(socket)), 1000);
});

test('connections and uids are counted as they come and go', async () => {
  const { gauges: before } = await server.stats();
  const clients = [await connect('uid=count'), await connect('uid=count&mid='), await connect('uid=count2')];
  const { gauges } = await server.stats();
  assert.equal(gauges.connections - before.connections, 3);
  assert.equal(gauges.uids - before.uids, 2);
  await clients[0]?.close();
  clients[1]?.terminate();
  clients[2]?.terminate();
  await server.until(
    (stats) => stats.gauges.connections === before.connections && stats.gauges.uids === before.uids,
    'everybody to be forgotten',
  );
});

test('a query that cannot be served is refused before the upgrade, with what to write instead', async () => {
  for (const [query, message] of [
    ['', /there is no uid: connect to \/ws\?uid=1&types=notice/],
    ['?uid=', /uid must not be empty/],
    ['?d=notjson', /d must be JSON/],
    ['?d={%22types%22:[%22a%22]}', /in d: uid must be/],
    ['?d={%22uid%22:{}}', /in d: uid must be/],
    ['?d=null', /it must be an object with a uid/],
    ['?d=%', /d must be JSON/],
    [`?uid=${'x'.repeat(257)}`, /at most 256 bytes/],
    ['?uid=1&types=' + Array.from({ length: 65 }, (_, index) => `t${index}`).join(), /at most 64 names/],
    ['?uid=1&mid=latest', /mid must be a message number/],
  ] as const) {
    const { message: said } = assertError(await refusedWs(`${wsUrl}/ws${query}`), 'invalid_listen');
    assert.match(said, message);
  }
  await server.serves();
});

test('a handshake that is none is refused, with the version to use', async (t) => {
  const good = upgradeRequest(`${url}/ws?uid=1`);
  for (const [bytes, status] of [
    [good.replace('Sec-WebSocket-Version: 13', 'Sec-WebSocket-Version: 99'), 400],
    [good.replace(/Sec-WebSocket-Key: .*\r\n/, ''), 400],
    [good.replace(/Sec-WebSocket-Key: .*\r\n/, 'Sec-WebSocket-Key: short\r\n'), 400],
    [good.replace('GET ', 'POST '), 400],
    [good.replace('/ws?uid=1', '/nowhere'), 404],
    [good.replace('/ws?uid=1', '/send'), 404],
  ] as const) {
    assert.notEqual(bytes, good);
    const socket = await openRaw(t, url);
    await socket.write(bytes);
    const [answer] = readAnswers((await ended(socket)).toString()) as [Answer];
    assertError(answer, status === 404 ? 'not_found' : 'invalid_request');
    if (status === 400) assert.equal(answer.headers['sec-websocket-version'], '13');
  }
  await server.serves();
});

test('frames that follow the handshake in the same packet are read', async (t) => {
  const socket = await openRaw(t, url);
  const ping = encodeFrame({ opcode: 9, payload: 'at once' });
  await socket.write(Buffer.concat([Buffer.from(upgradeRequest(`${url}/ws?uid=eager`)), ping]));
  await socket.receivedUntil((text) => text.endsWith('\x8a\x07at once'), 'the pong');
});
