import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { openAdminAuth } from '../../src/auth/admin-auth.ts';
import { createMemoryStanding } from '../../src/auth/memory-standing.ts';
import { Standings } from '../../src/auth/standings.ts';
import { createMemoryTickets } from '../../src/auth/ticket-store.ts';
import { createTickets } from '../../src/auth/tickets.ts';
import { createOneInstance } from '../../src/cluster/one-instance.ts';
import { createAdmin } from '../../src/ops/admin.ts';
import { createCounters } from '../../src/ops/counters.ts';
import type { MessageDesk } from '../../src/ops/message-desk.ts';
import { createUserDesk } from '../../src/ops/user-desk.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { request, type Answer } from '../support/request.ts';
import { assertError } from './serving.ts';

const most = 100_000;
const minuteMs = 60_000;

/** An admin listener of this process with tickets in memory and a clock that the test owns. */
async function serveTickets(scope: Scope) {
  const clock = { ms: 1_000_000 };
  const now = (): number => clock.ms;
  const store = createMemoryTickets(now);
  const tickets = createTickets({ store, now });
  const counters = createCounters();
  const desk = createMemoryStanding({ standings: new Standings(), now }, { maxShutOut: 1 });
  const users = createUserDesk({ desk, peers: createOneInstance(), now, counters, asksListeners: true, tickets });
  const admin = createAdmin(
    {
      counters,
      gauges: () => ({}),
      keyCounts: {},
      readiness: () => ({ ok: true }),
      state: () => 'ready',
      stop: () => {},
      backup: () => null,
      messages: {} as MessageDesk,
      users,
      backlog: null,
      access: {
        auth: openAdminAuth,
        isOwnHost: () => true,
        mayChange: () => true,
        clientAddress: () => undefined,
        audit: () => {},
      },
      version: '0',
      onFault: (error) => assert.fail(String(error)),
    },
    { maxBodyBytes: 1000 },
  );
  const handle = admin.callback();
  const server = createServer((incoming, response) => void handle(incoming, response)).listen(0, '127.0.0.1');
  endWith(scope, () => void server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tickets`;
  const headers = { 'content-type': 'application/json' };
  const order = (): Promise<Answer> => request(url, { method: 'POST', headers, body: '{"uid":"1","ttl":"60s"}' });
  return { clock, store, tickets, order };
}

test('100,000 tickets wait, and who asks for one more is told so, until one is used or over', async (t) => {
  const { clock, store, tickets, order } = await serveTickets(t);
  for (let waiting = 0; waiting < most - 1; waiting += 1) await store.put(`filler-${waiting}`, '', 2 * minuteMs);
  const last = await order();
  assert.equal(last.status, 201, last.text);
  for (let again = 0; again < 3; again += 1) {
    const refused = await order();
    const { message } = assertError(refused, 'store_unavailable');
    assert.match(message, /100000 tickets wait to be used/);
    assert.match(String(refused.headers['retry-after']), /^[1-9]\d*$/);
  }
  // Those that wait are as good as before.
  assert.equal((await tickets.use((last.json as { ticket: string }).ticket)).ok, true);
  assert.equal((await order()).status, 201);
  assertError(await order(), 'store_unavailable');
  clock.ms += minuteMs;
  assert.equal((await order()).status, 201, 'one was over');
  assertError(await order(), 'store_unavailable');
  clock.ms += minuteMs;
  for (let again = 0; again < 3; again += 1) assert.equal((await order()).status, 201);
});
