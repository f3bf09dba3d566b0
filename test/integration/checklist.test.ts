import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { startChild } from '../support/child.ts';
import { endWith } from '../support/cleanup.ts';
import { eventually, within } from '../support/deadline.ts';
import { freePort } from '../support/free-port.ts';
import { plainEnvironment, startInstance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { projectRoot, serverEntry } from '../support/project.ts';
import { openRawWs } from '../support/raw-ws.ts';
import { startRedis } from '../support/redis.ts';
import { request } from '../support/request.ts';
import { runProgram, runTidings } from '../support/run-command.ts';
import { connectWs, refusedWs, type WsClient } from '../support/ws-client.ts';
import { assertError, startServing } from './serving.ts';

// The checklist of the HTTP envelope server that Tidings replaces, by its numbers. Its 15 (the nginx fragment, and a restart of
// the active instance) is the matter of the nginx-*.test.ts beside this file.

const server = await startServing({ after }, { flags: ['--ping-interval=500ms', '--origins=null,file://'] });
const { url, wsUrl } = server;

const listenAs = (t: TestContext, uid: string, types?: readonly string[]): Promise<WsClient> =>
  connectWs(t, `${wsUrl}/ws?d=${encodeURIComponent(JSON.stringify({ uid, types }))}`);

async function send(envelope: object): Promise<void> {
  const answer = await post(url, envelope);
  assert.equal(answer.status, 202, answer.text);
}

/** What a client has received before the end. */
async function until(client: WsClient, end: string): Promise<unknown[]> {
  await client.until((frame) => (frame as { msg: unknown }).msg === end, end);
  const msgs = client.frames.map((frame) => (frame as { msg: unknown }).msg);
  return msgs.slice(0, msgs.indexOf(end));
}

test('1: a message to a uid reaches that uid only, as types, msg and time, and the post answers success.', async (t) => {
  const [one, two] = [await listenAs(t, '1', ['notice']), await listenAs(t, '2', ['notice'])];
  const answer = await post(url, { topic: 'uids', topic_ids: ['1'], types: 'notice', msg: 'm', time: 't' });
  assert.equal((answer.json as { msg: string }).msg, 'success.');
  assert.match(answer.text, /^\{"msg":"success\."/);
  await send({ topic: 'all', msg: 'end' });
  assert.deepEqual(await until(one, 'end'), ['m']);
  assert.deepEqual(await until(two, 'end'), []);
  assert.equal(one.texts[0], '{"types":"notice","msg":"m","time":"t"}');
});

test('2: a message to all reaches everybody who wants its type, once a connection', async (t) => {
  const wanting = [await listenAs(t, '1', ['a']), await listenAs(t, '1', ['a', 'b']), await listenAs(t, '2', ['a'])];
  const other = await listenAs(t, '3', ['b']);
  await send({ topic: 'all', types: 'a', msg: 'm' });
  await send({ topic: 'all', types: 'a', msg: 'end' });
  await send({ topic: 'all', types: 'b', msg: 'end of b' });
  for (const client of wanting) assert.deepEqual(await until(client, 'end'), ['m']);
  assert.deepEqual(await until(other, 'end of b'), []);
});

test('3: types are the connection’s own: another one of the same uid changes nothing', async (t) => {
  const [a, b] = [await listenAs(t, '1', ['a']), await listenAs(t, '1', ['b'])];
  await send({ topic: 'uids', topic_ids: ['1'], types: 'b', msg: 'for b' });
  await send({ topic: 'all', types: 'a', msg: 'end' });
  assert.deepEqual(await until(a, 'end'), []);
  assert.deepEqual(await until(b, 'for b'), []);
});

test('4: types is notice where it is left out, in the envelope and in d', async (t) => {
  const [left, given] = [await listenAs(t, '1'), await listenAs(t, '1', ['notice'])];
  await send({ topic: 'all', msg: 'left out' });
  await send({ topic: 'all', types: 'notice', msg: 'given' });
  for (const client of [left, given]) {
    await client.count(2);
    assert.deepEqual(
      client.frames.map((frame) => (frame as { types: string }).types),
      ['notice', 'notice'],
    );
  }
});

test('5: two sockets of one uid both get it', async (t) => {
  const clients = [await listenAs(t, 'twice'), await listenAs(t, 'twice')];
  await send({ topic: 'uids', topic_ids: ['twice'], msg: 'm' });
  for (const client of clients) assert.equal(((await client.next()) as { msg: string }).msg, 'm');
});

test('6: what has passed its timeout is not delivered, what has not is', async (t) => {
  const client = await listenAs(t, '6');
  const to = { topic: 'uids', topic_ids: ['6'] };
  await send({ ...to, msg: 'late', timeout: Math.floor(Date.now() / 1000) - 5 });
  await send({ ...to, msg: 'in time', timeout: 2_121_325_421 });
  assert.deepEqual(await until(client, 'in time'), []);
});

test('7: a body that is wrong is answered 400 and the server runs on; a msg that is an object is passed on', async (t) => {
  assertError(await post(url, 'not JSON'), 'invalid_json');
  assertError(await post(url, { topic: 'all', msg: 'm', timeout: 'soon' }), 'invalid_envelope');
  const client = await listenAs(t, '7');
  await send({ topic: 'uids', topic_ids: ['7'], msg: { a: [1] }, time: 't' });
  await client.next();
  assert.deepEqual(client.texts, ['{"types":"notice","msg":{"a":[1]},"time":"t"}']);
});

test('8: GET /send is answered 405', async () => {
  const answer = await request(`${url}/send`);
  assertError(answer, 'method_not_allowed');
  assert.equal(answer.headers.allow, 'POST');
});

test('9: a d that is missing or wrong is refused before the upgrade', async () => {
  for (const query of ['', '?d=', '?d=%7B', '?d=%7B%22types%22:[%22notice%22]%7D']) {
    assertError(await refusedWs(`${wsUrl}/ws${query}`), 'invalid_listen');
  }
});

test('10: an idle client is pinged; one that does not answer is dropped and all of it freed', async (t) => {
  const { gauges } = await server.stats();
  const dead = await openRawWs(t, `${wsUrl}/ws?uid=dead`);
  const idle = await listenAs(t, 'idle');
  await within(dead.closed, 'the dead client to be dropped');
  assert.ok(dead.received().includes(Buffer.from([0x89, 0x00])), 'it was pinged');
  await server.until(
    (stats) => stats.gauges.connections === gauges.connections + 1 && stats.gauges.uids === gauges.uids + 1,
    'only the idle one to be left',
  );
  assert.ok(idle.isOpen());
});

test('11: list delivers without polling', async (t) => {
  const client = await listenAs(t, '11');
  const roundTrips = async (): Promise<void> => {
    for (let count = 0; count < 100; count += 1) {
      await send({ topic: 'uids', topic_ids: ['11'], msg: count });
      await client.next();
    }
  };
  // A look once a second would make them 100 seconds.
  await within(roundTrips(), '100 messages, one after the other');
});

test('11: with redis a post to either of two instances reaches the clients of both', async (t) => {
  const redis = await startRedis(t);
  const flags = [`--queue=redis/${redis.address}`];
  const instances = [await startInstance(t, { flags }), await startInstance(t, { flags })];
  const clients: WsClient[] = [];
  for (const instance of instances) {
    await eventually(
      async () => ((await request(`${instance.url}/readyz`)).status === 200 ? true : undefined),
      'the instance to be ready',
    );
    clients.push(await connectWs(t, `${instance.wsUrl}/ws?uid=1`));
  }
  for (const [index, instance] of instances.entries()) {
    assert.equal((await post(instance.url, { topic: 'uids', topic_ids: ['1'], msg: index })).status, 202);
    for (const client of clients) assert.equal(((await client.next()) as { msg: number }).msg, index);
  }
});

test('11: disque is refused at start with a message that says what to use', async () => {
  const { code, stderr } = await runTidings(['serve', '--queue=disque/127.0.0.1:7711']);
  assert.equal(code, 64);
  assert.match(stderr, /^tidings: .*disque.*bullmq.*\n$/);
});

for (const flag of ['-port', '-post', '--port', '--post']) {
  test(`12: ${flag} is accepted`, async (t) => {
    const port = await freePort();
    const args = [serverEntry, 'serve', `${flag}=${port}`, '--admin-port=0'];
    const child = await startChild(process.execPath, args, { env: plainEnvironment() });
    endWith(t, async () => void (await child.end('SIGTERM')));
    await child.line((line) => line.includes('"event":"listening"'), 'the address');
    assert.equal((await post(`http://127.0.0.1:${port}`, { topic: 'all', msg: 'm' })).status, 202);
  });
}

test('13: ab with the unmodified postdata.txt: 100 times 2xx, and 100 frames a client', async (t) => {
  const clients = [await listenAs(t, '13'), await listenAs(t, '14')];
  const body = join(projectRoot, 'postdata.txt');
  const { code, stdout } = await runProgram('ab', [
    ...['-c', '100', '-n', '100', '-T', 'application/json', '-p', body],
    `${url}/send`,
  ]);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^Complete requests: +100$/m);
  assert.match(stdout, /^Failed requests: +0$/m);
  assert.doesNotMatch(stdout, /^Non-2xx/m);
  const { msg, types, time } = JSON.parse(readFileSync(body, 'utf8')) as Record<string, string>;
  await send({ topic: 'all', msg: 'end' });
  for (const client of clients) {
    assert.equal((await until(client, 'end')).length, 100);
    assert.deepEqual(client.frames[0], { types, msg, time });
  }
});

test('14: the URL of the predecessor’s page opens, raw and encoded, with an Origin and without', async (t) => {
  for (const headers of [{}, { origin: 'http://localhost' }, { origin: 'null' }, { origin: 'file://' }]) {
    for (const query of [
      'd={%22uid%22:%221%22,%22types%22:[%22notice%22]}',
      'd=%7B%22uid%22%3A%221%22%2C%22types%22%3A%5B%22notice%22%5D%7D',
    ]) {
      const client = await connectWs(t, `${wsUrl}/ws?${query}`, { headers });
      await send({ topic: 'uids', topic_ids: ['1'], msg: 'm' });
      assert.equal(((await client.next()) as { msg: string }).msg, 'm');
      await client.close();
    }
  }
});

test('16: 100 connects and disconnects during sends: no crash, no leak', async (t) => {
  const { gauges } = await server.stats();
  let isOver = false;
  const sending = (async () => {
    while (!isOver) await send({ topic: 'all', msg: 'm' });
  })();
  const comings = Array.from({ length: 100 }, async (_, index) => {
    const client = await listenAs(t, `come ${index % 10}`);
    if (index % 2 === 0) client.terminate();
    else await client.close();
  });
  await Promise.all(comings);
  isOver = true;
  await sending;
  await server.until(
    (stats) => stats.gauges.connections <= gauges.connections && stats.gauges.uids <= gauges.uids,
    'everybody to be forgotten',
  );
  await server.serves();
});

test('17: a client frame that means nothing is ignored, and not answered', async (t) => {
  const client = await listenAs(t, '17');
  const before = (await server.stats()).counters['ignoredFrames'] ?? 0;
  client.send('hello');
  await server.until(({ counters }) => counters['ignoredFrames'] === before + 1, 'the frame to be read');
  await send({ topic: 'uids', topic_ids: ['17'], msg: 'm' });
  await client.next();
  assert.equal(client.frames.length, 1);
});
