import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { post } from '../support/post.ts';
import { eventually, within } from '../support/deadline.ts';
import { openRaw, type RawSocket } from '../support/raw-socket.ts';
import { request } from '../support/request.ts';
import { connectWs, refusedWs } from '../support/ws-client.ts';
import { assertError, readAnswers, startServing } from './serving.ts';

// Every limit of the doors at its edge, what is counted, and that an honest client is served after it. Those of addresses, of keys
// and of a uid have files of their own; those of a second are met by a clock of their own, in unit tests.

const flags = [
  '--max-connections=4',
  '--max-client-frame=128',
  '--max-body=1KiB',
  '--max-message=256',
  '--max-batch=4',
  '--max-topic-ids=3',
  '--max-uid=32',
  '--max-headers=2KiB',
  '--request-timeout=300ms',
];
const server = await startServing({ after }, { flags });
const { url, wsUrl } = server;

async function counts(name: string, of: () => Promise<unknown>): Promise<number> {
  const before = (await server.stats()).counters[name];
  await of();
  const { counters } = await server.stats();
  await server.serves();
  assert.ok(before !== undefined, name);
  return (counters[name] ?? 0) - before;
}

/** A post of exactly so many bytes. */
const sized = (bytes: number): string => JSON.stringify({ topic: 'all', msg: 'm' }).padEnd(bytes, ' ');
const toAll = (msg: unknown) => ({ topic: 'all', msg });
const toUids = (...uids: string[]) => ({ topic: 'uids', topic_ids: uids, msg: 'm' });

test('--max-body', async () => {
  assert.equal((await post(url, sized(1024))).status, 202);
  const counted = await counts('overBody', async () => assertError(await post(url, sized(1025)), 'body_too_large'));
  assert.equal(counted, 1);
});

for (const [flag, counter, most, more] of [
  ['--max-message', 'overMessage', toAll('x'.repeat(254)), toAll('x'.repeat(255))],
  ['--max-batch', 'overBatch', [1, 2, 3, 4].map(toAll), [1, 2, 3, 4, 5].map(toAll)],
  ['--max-topic-ids', 'overTopicIds', toUids('1', '2', '3'), toUids('1', '2', '3', '4')],
  ['--max-uid of an envelope', 'overUid', toUids('x'.repeat(32)), toUids('x'.repeat(33))],
] as const) {
  test(flag, async () => {
    assert.equal((await post(url, most)).status, 202);
    const counted = await counts(counter, async () => assertError(await post(url, more), 'invalid_envelope'));
    assert.equal(counted, 1);
  });
}

test('--max-uid of a listener, in either form', async (t) => {
  const [most, more] = ['x'.repeat(32), 'x'.repeat(33)];
  for (const query of [(uid: string) => `uid=${uid}`, (uid: string) => `d={"uid":"${uid}"}`]) {
    await (await connectWs(t, `${wsUrl}/ws?${query(most)}`)).close();
    const counted = await counts('overUid', async () => {
      const { message } = assertError(await refusedWs(`${wsUrl}/ws?${query(more)}`), 'invalid_listen');
      assert.match(message, /uid must be at most 32 bytes/);
    });
    assert.equal(counted, 1);
  }
});

test('--max-headers: path, names and values together', async (t) => {
  const ask = async (bytes: number): Promise<string> => {
    const socket = await openRaw(t, url);
    const rest = '/healthz'.length + 'Host'.length + 'x'.length + 'Pad'.length;
    await socket.write(`GET /healthz HTTP/1.1\r\nHost: x\r\nPad: ${'p'.repeat(bytes - rest)}\r\n\r\n`);
    const text = await socket.receivedUntil((received) => readAnswers(received).length === 1, 'an answer');
    socket.end();
    return text.slice(0, 12);
  };
  assert.equal(await ask(2048), 'HTTP/1.1 200');
  const counted = await counts('overHeaders', async () => assert.equal(await ask(2049), 'HTTP/1.1 431'));
  assert.equal(counted, 1);
});

test('--max-connections', async (t) => {
  const clients = [1, 2, 3].map((uid) => connectWs(t, `${wsUrl}/ws?uid=${uid}`));
  await Promise.all(clients);
  const counted = await counts('overConnections', async () =>
    assertError(await refusedWs(`${wsUrl}/ws?uid=4`), 'too_many_connections'),
  );
  assert.equal(counted, 1);
  for (const client of await Promise.all(clients)) await client.close();
});

test('--max-client-frame', async (t) => {
  const client = await connectWs(t, `${wsUrl}/ws?uid=1&types=edge`);
  client.send('x'.repeat(128));
  await server.until(({ counters }) => (counters['ignoredFrames'] ?? 0) > 0, 'the frame to be read');
  assert.ok(client.isOpen());
  const counted = await counts('protocolErrors', async () => {
    client.send('x'.repeat(129));
    assert.equal((await client.closed).code, 1009);
  });
  assert.equal(counted, 1);
});

test('--request-timeout: a request that does not come whole is answered 408', async (t) => {
  const head = 'POST /send HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{';
  const counted = await counts('overRequestTime', async () => {
    const socket = await openRaw(t, url);
    await socket.write(head);
    await socket.receivedUntil((text) => text.startsWith('HTTP/1.1 408 '), 'the answer');
  });
  assert.equal(counted, 1);
});

test('more than 100 requests of a connection that wait for the answer to another', async (t) => {
  const counted = await counts('overPipelined', async () => {
    for (const many of [90, 300]) {
      const socket = await openRaw(t, url);
      await socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(many));
      if (many < 100) await socket.receivedUntil((text) => readAnswers(text).length === many, 'every answer');
      else assert.ok(readAnswers((await within(socket.closed, 'the end')).toString('latin1')).length < many);
      socket.end();
    }
  });
  assert.equal(counted, 1);
});

for (const workers of [1, 2]) {
  test(`--max-http-connections beside those of listeners, of ${workers} process(es)`, async (t) => {
    const limited = await startServing(t, { flags: ['--max-http-connections=6', `--workers=${workers}`] });
    for (let uid = 0; uid < 6; uid += 1) await connectWs(t, `${limited.wsUrl}/ws?uid=${uid}`);
    const ask = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
    const open = async (): Promise<RawSocket> => {
      const socket = await openRaw(t, limited.url);
      await socket.write(ask);
      return socket;
    };
    const honest: RawSocket[] = [];
    for (let count = 0; count < 6; count += 1) honest.push(await open());
    const answered = (text: string): boolean => text.startsWith('HTTP/1.1 200 ');
    for (const socket of honest) await socket.receivedUntil(answered, 'an answer');
    const one = await open();
    assert.equal((await one.closed).length, 0, 'closed without a word');
    const { counters } = await limited.stats();
    assert.equal(counters['overHttpConnections'], 1);
    honest[0]?.end();
    await honest[0]?.closed;
    await eventually(async () => {
      const next = await open();
      return next.receivedUntil(answered, 'an answer').catch(() => undefined);
    }, 'the place of the one that has gone');
  });
}

test('the admin listener has limits, too', async (t) => {
  const { adminUrl } = server;
  const socket = await openRaw(t, adminUrl);
  await socket.write(`GET /stats HTTP/1.1\r\nHost: x\r\nPad: ${'p'.repeat(2048)}\r\n\r\n`);
  await socket.receivedUntil((text) => text.startsWith('HTTP/1.1 431 '), 'the answer');
  assert.equal((await request(`${adminUrl}/stats`)).status, 200);
});
