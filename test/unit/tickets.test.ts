import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryTickets, type TicketStore } from '../../src/auth/ticket-store.ts';
import { createTickets } from '../../src/auth/tickets.ts';

const grant = { uid: '1', types: ['a'], maxConnections: 2 };

function createRun(maxWaiting = 10) {
  const clock = { ms: 1_000_000 };
  const now = (): number => clock.ms;
  const store = createMemoryTickets(now, maxWaiting);
  return { clock, store, tickets: createTickets({ store, now }) };
}

test('a ticket grants what it was issued for, once', async () => {
  const { tickets } = createRun();
  const ticket = await tickets.issue(grant, 1000);
  assert.match(ticket, /^tkt_[\w-]{43}$/);
  const used = await Promise.all([tickets.use(ticket), tickets.use(ticket), tickets.use(ticket)]);
  assert.deepEqual(used[0], { ok: true, grant: { ...grant, issuedAtMs: 1_000_000, expiresAtMs: 0 } });
  assert.deepEqual(
    used.slice(1).map(({ ok }) => ok),
    [false, false],
  );
  assert.notEqual(await tickets.issue(grant, 1000), ticket);
});

test('a ticket is good up to its end and not at it', async () => {
  const { tickets, clock } = createRun();
  const [early, late] = [await tickets.issue(grant, 1000), await tickets.issue(grant, 1000)];
  clock.ms += 999;
  assert.equal((await tickets.use(early)).ok, true);
  clock.ms += 1;
  assert.equal((await tickets.use(late)).ok, false);
});

test('what is no ticket is not looked up; what is kept does not show the ticket', async () => {
  const keys: string[] = [];
  const store: TicketStore = {
    put: (key, text) => Promise.resolve(void keys.push(key, text)),
    take: (key) => Promise.resolve(void keys.push(key)).then(() => undefined),
  };
  const tickets = createTickets({ store, now: () => 0 });
  for (const text of ['', 'tkt_', 'tkt_x', `tkt_${'x'.repeat(44)}`, `tkt_${'*'.repeat(43)}`, `x${'x'.repeat(46)}`]) {
    assert.equal((await tickets.use(text)).ok, false);
  }
  assert.deepEqual(keys, []);
  const ticket = await tickets.issue(grant, 1000);
  assert.equal((await tickets.use(ticket)).ok, false);
  assert.equal(keys[0], keys[2], 'it is looked for where it was put');
  assert.ok(!keys.join(' ').includes(ticket.slice(4)));
});

test('a store that is away is an answer, not an error, and the ticket is not called wrong', async () => {
  const away = (): Promise<never> => Promise.reject(new Error('Redis at x does not answer.'));
  const tickets = createTickets({ store: { put: away, take: away }, now: () => 0 });
  await assert.rejects(tickets.issue(grant, 1000), /does not answer/);
  const said = await tickets.use(`tkt_${'x'.repeat(43)}`);
  assert.deepEqual(said, { ok: false, code: 'store_unavailable', message: 'Redis at x does not answer.' });
});

test('no more wait than there is room for, and those that are over take none', async () => {
  const { tickets, clock } = createRun(10);
  for (let issued = 0; issued < 10; issued += 1) await tickets.issue(grant, issued === 9 ? 5000 : 1000);
  await assert.rejects(tickets.issue(grant, 1000), /10 tickets wait/);
  clock.ms += 1000;
  for (let issued = 0; issued < 9; issued += 1) await tickets.issue(grant, 1000);
  await assert.rejects(tickets.issue(grant, 1000), /10 tickets wait/);
});
