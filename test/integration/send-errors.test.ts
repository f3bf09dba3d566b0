import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { createSenderAuth } from '../../src/auth/sender-auth.ts';
import { createOneInstance } from '../../src/cluster/one-instance.ts';
import { createApplication } from '../../src/ingress/application.ts';
import { createSend } from '../../src/ingress/send.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openAdminAuth } from '../../src/auth/admin-auth.ts';
import { createAdmin } from '../../src/ops/admin.ts';
import { createCounters } from '../../src/ops/counters.ts';
import { Drops } from '../../src/ops/drops.ts';
import { createMessageDesk } from '../../src/ops/message-desk.ts';
import type { UserDesk } from '../../src/ops/user-desk.ts';
import type { Backlog, Queue } from '../../src/queue/queue.ts';
import { errorCatalogue, type ErrorCode } from '../../src/wire/errors.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { freePort } from '../support/free-port.ts';
import { startInstance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { openRaw } from '../support/raw-socket.ts';
import { encodeFrame, openRawWs, upgradeRequest } from '../support/raw-ws.ts';
import { startRedis } from '../support/redis.ts';
import { request, type Answer } from '../support/request.ts';
import { secretToken, tokenSecret } from '../support/tokens.ts';
import { connectWs, refusedWs } from '../support/ws-client.ts';
import { assertError, ended, readAnswers, startServing } from './serving.ts';

type Refusal = Omit<Answer, 'json'>;

const flags = ['--request-timeout=300ms', '--max-body=8MiB', '--max-batch=200000', '--max-connections=3'];
const server = await startServing({ after }, { flags: [...flags, '--max-connections-per-uid=1'] });
const { url, wsUrl, adminUrl } = server;
const right = { topic: 'all', msg: 'm' };

/** Bytes that are sent as they are, and the first answer to them. */
async function sendRaw(scope: Scope, bytes: string, to = url): Promise<Refusal> {
  const socket = await openRaw(scope, to);
  await socket.write(bytes);
  const received = await socket.receivedUntil((text) => readAnswers(text).length === 1, 'an answer');
  return readAnswers(received)[0] ?? assert.fail(received);
}

/** How each error of the catalogue is provoked: the type sees to it that none is left out. */
const provoke: Readonly<Record<ErrorCode, (scope: Scope) => Promise<Refusal>>> = {
  invalid_json: () => post(url, '{"topic":"all"'),
  invalid_envelope: () => post(url, { topic: 'all', msg: 'm', timeout: -1 }),
  invalid_request: (scope) => sendRaw(scope, 'nonsense\r\n\r\n'),
  invalid_listen: () => refusedWs(`${wsUrl}/ws`),
  unauthenticated: async (scope) => {
    const keys = JSON.stringify([{ name: 'a', hash: `sha256:${'A'.repeat(43)}` }]);
    const instance = await startInstance(scope, { flags: [`--keys=${keys}`] });
    return post(instance.url, right);
  },
  forbidden: async (scope) => {
    const asking = await startInstance(scope, { env: { TIDINGS_TOKEN_SECRET: tokenSecret } });
    return refusedWs(`${asking.wsUrl}/ws?uid=2&token=${secretToken({ sub: '1' })}`);
  },
  auth_unavailable: async (scope) => {
    const asking = await startInstance(scope, { flags: [`--token-jwks=http://127.0.0.1:${await freePort()}/keys`] });
    return refusedWs(`${asking.wsUrl}/ws?token=${secretToken({ sub: '1' }, { header: { alg: 'RS256', kid: 'a' } })}`);
  },
  rate_exceeded: async (scope) => {
    const instance = await startInstance(scope, { flags: ['--max-posts=2'] });
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(instance.url, right)));
    return answers.find(({ status }) => status !== 202) ?? assert.fail('all of ten were taken');
  },
  address_connections_exceeded: async (scope) => {
    const flags = ['--trust-proxy=loopback', '--max-connections-per-address=1'];
    const instance = await startInstance(scope, { flags });
    const headers = { 'x-forwarded-for': '192.0.2.1' };
    await connectWs(scope, `${instance.wsUrl}/ws?uid=1`, { headers });
    return refusedWs(`${instance.wsUrl}/ws?uid=1`, { headers });
  },
  origin_refused: () => post(url, right, { headers: { origin: 'https://evil.com' } }),
  invalid_query: () => request(`${adminUrl}/messages/x?uidz=1`),
  token_revoked: provokeRevoked,
  uid_blocked: async () => {
    await request(`${adminUrl}/users/9/block`, { method: 'POST' });
    return refusedWs(`${wsUrl}/ws?uid=9`);
  },
  no_tickets: () =>
    request(`${adminUrl}/tickets`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"uid":"1"}',
    }),
  nothing_to_revoke: () => request(`${adminUrl}/users/9/revoke`, { method: 'POST' }),
  too_many_shut_out: async (scope) => {
    const instance = await startInstance(scope, { flags: ['--max-shut-out=1'] });
    const block = (uid: string): Promise<Answer> =>
      request(`${instance.adminUrl}/users/${uid}/block`, { method: 'POST' });
    await block('1');
    return block('2');
  },
  not_found: () => request(`${url}/nowhere`),
  unknown_message: () => request(`${adminUrl}/messages/nobody-posted-this`),
  unknown_job: provokeUnknownJob,
  method_not_allowed: () => request(`${url}/send`),
  request_timeout: (scope) =>
    sendRaw(scope, 'POST /send HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{'),
  no_backlog: () => request(`${adminUrl}/scheduled`),
  message_gone: async () => {
    const { status, text } = await post(url, { ...right, id: 'late', timeout: 1 });
    assert.equal(status, 202, text);
    return request(`${adminUrl}/messages/late`, { method: 'DELETE' });
  },
  body_too_large: () => post(url, ' '.repeat(8 * 1024 * 1024 + 1)),
  unsupported_media_type: () => post(url, right, { headers: { 'content-type': 'text/plain' } }),
  id_conflict: async () => {
    await post(url, { ...right, id: 'twice' });
    return post(url, { ...right, id: 'twice', msg: 'another' });
  },
  cannot_schedule: () => post(url, { ...right, delay: 60 }),
  upgrade_required: () => request(`${url}/ws?uid=1`),
  headers_too_large: (scope) => sendRaw(scope, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`),
  internal: provokeInternal,
  queue_unavailable: provokeUnavailable,
  store_unavailable: async (scope) => {
    const instance = await startInstance(scope, { flags: [`--queue=redis/127.0.0.1:${await freePort()}`] });
    return request(`${instance.adminUrl}/messages/x`);
  },
  being_handed_on: provokeBeingHandedOn,
  queue_full: () =>
    post(
      url,
      Array.from({ length: 100_001 }, () => right),
    ),
  too_many_connections: async (scope) => {
    const clients = [await connectWs(scope, `${wsUrl}/ws?uid=1`), await connectWs(scope, `${wsUrl}/ws?uid=2`)];
    const refusal = await refusedWs(`${wsUrl}/ws?uid=3`);
    for (const client of clients) await client.close();
    return refusal;
  },
  uid_connections_exceeded: async (scope) => {
    const client = await connectWs(scope, `${wsUrl}/ws?uid=1`);
    const refusal = await refusedWs(`${wsUrl}/ws?uid=1`);
    await client.close();
    return refusal;
  },
  busy: async (scope) => {
    const { wsUrl: fullUrl } = await startInstance(scope, { flags: ['--max-memory=16MiB'] });
    return refusedWs(`${fullUrl}/ws?uid=1`);
  },
  stopping: provokeStopping,
};

/** A fault that no request can cause is planted in a server of this process. */
async function provokeInternal(scope: Scope): Promise<Refusal> {
  const faults: unknown[] = [];
  const onFault = (error: unknown): void => void faults.push(error);
  const send = createSend(
    {
      queue: { guarantees: { survivesProcess: true, manyInstances: true } } as unknown as Queue,
      readPost: () => {
        throw new Error('planted');
      },
      mayPost: () => true,
      senders: createSenderAuth({ keys: [], maxPosts: 0 }, Date.now),
      log: { debug: () => {} },
      isClosed: () => false,
      counters: createCounters(),
      onFault,
    },
    { maxBodyBytes: 1000 },
  );
  const assets = {
    list: () => [],
    read: () => {
      throw new Error('planted too');
    },
  };
  const application = createApplication({ send, assets, readiness: () => ({ ok: true }), instance: 'x', onFault });
  const plantedUrl = await serveHere(scope, application.callback());
  assertError(await request(`${plantedUrl}/demo/`), 'internal');
  const answer = await post(plantedUrl, right);
  assert.deepEqual(faults.map(String), ['Error: planted too', 'Error: planted'], 'whoever runs it is told the reason');
  assert.doesNotMatch(answer.text, /planted/, 'and nobody else');
  return answer;
}

/** A message that stays between the queue and the journal for as long as anybody looks, in a server of this process. */
async function provokeBeingHandedOn(scope: Scope): Promise<Refusal> {
  const nothing = { total: 0, items: [] };
  const backlog = {
    findScheduled: () => Promise.resolve(undefined),
    failed: () => Promise.resolve(nothing),
    cancel: () => Promise.resolve(false),
  } as unknown as Backlog;
  const journal = { find: () => Promise.resolve({ mid: 0, message: undefined }) } as unknown as Journal;
  const messages = createMessageDesk({
    journal,
    queue: { backlog },
    hub: { receipt: () => undefined },
    peers: createOneInstance(),
    clock: { now: Date.now, isExpired: () => false },
    drops: new Drops(Date.now),
    newId: () => 'new',
    sinceMs: 0,
  });
  const faults: unknown[] = [];
  const admin = createAdmin(
    {
      counters: createCounters(),
      gauges: () => ({}),
      keyCounts: {},
      readiness: () => ({ ok: true }),
      state: () => 'ready',
      stop: () => {},
      backup: () => null,
      messages,
      users: {} as unknown as UserDesk,
      backlog,
      access: {
        auth: openAdminAuth,
        isOwnHost: () => true,
        mayChange: () => true,
        clientAddress: () => undefined,
        audit: () => {},
      },
      version: '0',
      onFault: (error) => void faults.push(error),
    },
    { maxBodyBytes: 1000 },
  );
  const answer = await request(`${await serveHere(scope, admin.callback())}/messages/x`, { method: 'DELETE' });
  assert.deepEqual(faults, []);
  return answer;
}

/** Somebody who comes with what was issued before an operator has revoked all of his. */
async function provokeRevoked(scope: Scope): Promise<Refusal> {
  const instance = await startInstance(scope, { flags: ['--tickets'] });
  const order = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"uid":"1"}' };
  const { ticket } = (await request(`${instance.adminUrl}/tickets`, order)).json as { ticket: string };
  await request(`${instance.adminUrl}/users/1/revoke`, { method: 'POST' });
  return refusedWs(`${instance.wsUrl}/ws?token=${ticket}`);
}

async function provokeUnknownJob(scope: Scope): Promise<Refusal> {
  const redis = await startRedis(scope);
  const instance = await startInstance(scope, { flags: [`--queue=bullmq/${redis.address}`] });
  return request(`${instance.adminUrl}/failed/17/retry`, { method: 'POST' });
}

async function serveHere(scope: Scope, onRequest: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const here = createServer((incoming, response) => void onRequest(incoming, response));
  await new Promise<void>((resolve) => here.listen(0, '127.0.0.1', resolve));
  endWith(scope, () => void here.close());
  return `http://127.0.0.1:${(here.address() as AddressInfo).port}`;
}

async function provokeUnavailable(scope: Scope): Promise<Refusal> {
  const instance = await startInstance(scope, { flags: [`--queue=redis/127.0.0.1:${await freePort()}`] });
  return post(instance.url, right);
}

/** Both doors of an instance that stops while a client that does not answer its goodbye holds it up. */
async function provokeStopping(scope: Scope): Promise<Refusal> {
  const instance = await startInstance(scope);
  const holder = await openRawWs(scope, `${instance.wsUrl}/ws?uid=1`);
  const listener = await openRaw(scope, instance.url);
  const poster = await openRaw(scope, instance.url);
  const upgrade = upgradeRequest(`${instance.url}/ws?uid=2`);
  await listener.write(upgrade.slice(0, 30));
  const text = JSON.stringify(right);
  const head = `POST /send HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n`;
  await poster.write(head);
  // Both requests are under way when this one is answered: they came before it.
  await request(`${instance.url}/healthz`);
  const stopped = instance.stop();
  await instance.logged('draining');
  await listener.write(upgrade.slice(30));
  const atEnd = [ended(listener), ended(poster)];
  await atEnd[0];
  await holder.write(encodeFrame({ opcode: 8, payload: Buffer.from([0x03, 0xf4]) }));
  holder.end();
  // Nobody is left to hear it, and nothing would keep it.
  await instance.logged('drained');
  await poster.write(text);
  const refusals = (await Promise.all(atEnd)).map((bytes) => readAnswers(bytes.toString())[0]);
  await stopped;
  const [atListener, atPoster] = refusals;
  assertError(atListener ?? assert.fail(), 'stopping');
  assert.equal(atPoster?.headers['connection'], 'close');
  return atPoster;
}

describe('every error of the catalogue', () => {
  for (const code of Object.keys(errorCatalogue) as ErrorCode[]) {
    test(code, async (t) => {
      assertError(await provoke[code](t), code);
      await server.serves();
    });
  }
});

test('what may be tried again says when, before an upgrade too', async (t) => {
  for (const code of ['too_many_connections', 'uid_connections_exceeded'] as const) {
    assert.match(String((await provoke[code](t)).headers['retry-after']), /^[1-9]\d*$/, code);
  }
});

test('another method on another path is told which one it takes', async () => {
  for (const path of ['/healthz', '/readyz', '/demo/', '/ws', '/']) {
    const answer = await request(`${url}${path}`, { method: 'POST', body: 'x' });
    assertError(answer, 'method_not_allowed');
    assert.equal(answer.headers.allow, 'GET, HEAD');
  }
});

test('what is not there is not there, however it is written', async () => {
  for (const path of [
    '/nowhere',
    '/send/',
    '/SEND',
    '/sendx',
    '//send',
    '/demo/nowhere',
    '/demo/../package.json',
    '/demo/%2e%2e/package.json',
    '/demo/%',
    '/demo/%E0%A4%A',
    '/%00',
    '/ws/',
    '/stats',
    '/metrics',
  ]) {
    assertError(await request(`${url}${path}`), 'not_found');
  }
  await server.serves();
});

test('the errors of an envelope are named with their paths', async () => {
  const answer = await post(url, { topic: 'uids', topic_ids: ['1', ''], msg: 1, tiemout: 5 });
  const { message, details } = assertError(answer, 'invalid_envelope');
  assert.deepEqual(details, [
    { path: 'topic_ids[1]', message: 'must not be empty' },
    { path: 'tiemout', message: 'is not a member of an envelope' },
  ]);
  assert.equal(message, 'This is not an envelope: topic_ids[1] must not be empty.');
});
