import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Scope } from '../support/cleanup.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { request } from '../support/request.ts';
import { accepted, adminOf } from './admin-client.ts';
import { adminRoutes } from './admin-routes.ts';
import { assertError, startServing } from './serving.ts';

const server = await startServing({ after });
const json = { 'content-type': 'application/json' };
const foreignPage = { origin: 'https://evil.com' };

/** The audit lines so far, without what every log line has. */
const auditsOf = (instance: Instance) =>
  instance.records('audit').map(({ level: _level, time: _time, ...line }) => line);

const line = (action: string, target: string | null, status: number) => ({
  event: 'audit',
  action,
  target,
  key: null,
  address: '127.0.0.1',
  status,
});

let ends = 0;

/** The audit lines that `asks` leads to: those before the line of a change that comes after it. */
async function auditsWhile(instance: Instance, asks: () => Promise<unknown>) {
  const before = auditsOf(instance).length;
  await asks();
  const end = `end-${(ends += 1)}`;
  await request(`${instance.adminUrl}/messages/${end}`, { method: 'DELETE' });
  await instance.logged('audit', ({ target }) => target === end);
  return auditsOf(instance).slice(before, -1);
}

test('every route that changes something has a name for the audit, and no name stands for two', () => {
  const changes = adminRoutes.filter(({ isChange }) => isChange);
  assert.ok(changes.length >= 3);
  for (const { method, path, name } of changes) assert.match(name ?? '', /^[a-z]+(-[a-z]+)*$/, `${method} ${path}`);
  assert.equal(new Set(changes.map(({ name }) => name)).size, changes.length);
  const questions = adminRoutes.filter(({ method, isChange }) => method !== 'GET' && method !== 'HEAD' && !isChange);
  assert.deepEqual(
    questions.map(({ method, path }) => `${method} ${path}`),
    ['POST /messages/x'],
  );
});

test('every change is told, whatever becomes of it, and no question is', async () => {
  let changes = 0;
  for (const { method, path, name, isChange } of adminRoutes) {
    if (name === 'drain') continue;
    const url = `${server.adminUrl}${path}`;
    const statuses: number[] = [];
    const lines = await auditsWhile(server, async () => {
      for (const headers of [json, foreignPage]) statuses.push((await request(url, { method, headers })).status);
    });
    if (!isChange) {
      assert.deepEqual(lines, [], `${method} ${path}`);
      continue;
    }
    changes += 1;
    assert.deepEqual(
      lines.map(({ action, status }) => ({ action, status })),
      statuses.map((status) => ({ action: name, status })),
      `${method} ${path}`,
    );
    assert.equal(statuses[1], 403);
  }
  assert.ok(changes >= 2);
});

test('a line says what was changed, and how it went', async () => {
  const id = await accepted(server, { topic: 'all', msg: 'm', id: 'shop/17' });
  const { ask, takeBack } = adminOf(server);
  const lines = await auditsWhile(server, async () => {
    assert.equal((await takeBack(id)).status, 200);
    assertError(await takeBack('unheard-of'), 'unknown_message');
    assertError(await ask('/failed/17/retry', { method: 'POST' }), 'no_backlog');
    assertError(await ask('/messages/a%20b?secret=1', { method: 'DELETE' }), 'invalid_query');
    assertError(await ask('/stats', { method: 'POST' }), 'method_not_allowed');
    assertError(await ask('/nowhere', { method: 'DELETE' }), 'not_found');
  });
  assert.deepEqual(lines, [
    line('retract', 'shop/17', 200),
    line('retract', 'unheard-of', 404),
    line('retry', '17', 409),
    line('retract', 'a b', 400),
  ]);
});

test('a ticket is told by the uid that it is for, and by nothing else of its body', async (t) => {
  const instance = await startInstance(t, { flags: ['--tickets'] });
  const lines = await auditsWhile(instance, async () => {
    for (const body of ['{"uid":"shop-7","types":["order"]}', '{"uid":7,"secret":"hunter2"}', 'hunter2'])
      await request(`${instance.adminUrl}/tickets`, { method: 'POST', headers: json, body });
  });
  assert.deepEqual(lines, [line('ticket', 'shop-7', 201), line('ticket', null, 400), line('ticket', null, 400)]);
  assert.ok(!instance.lines.join('\n').includes('hunter2'));
});

test('the address is that of the client of a trusted proxy, and nobody else says whose he is', async (t) => {
  for (const [flags, address] of [
    [['--trust-proxy=loopback'], '203.0.113.7'],
    [[], '127.0.0.1'],
  ] as const) {
    const instance = await startInstance(t, { flags });
    const headers = { 'x-forwarded-for': '198.51.100.9, 203.0.113.7' };
    const lines = await auditsWhile(instance, () =>
      request(`${instance.adminUrl}/messages/x`, { method: 'DELETE', headers }),
    );
    assert.deepEqual(lines, [{ ...line('retract', 'x', 404), address }]);
  }
});

for (const [name, flags] of [
  ['one process', []],
  ['a supervisor', ['--workers=2']],
] as const) {
  test(`${name}: what is asked by a foreign name is refused, counted and told, questions too`, async (t: Scope) => {
    const instance = await startInstance(t, { flags: [...flags, '--origins=http://tidings.internal:3219,*'] });
    const { port } = new URL(instance.adminUrl);
    const ask = (host: string, path = '/stats', method = 'GET') =>
      request(`${instance.adminUrl}${path}`, { method, headers: { host } });
    const lines = await auditsWhile(instance, async () => {
      for (const { method, path } of adminRoutes) {
        const { status } = await ask(`evil.com:${port}`, path, method);
        assert.equal(status, 403, `${method} ${path}`);
      }
    });
    assert.deepEqual(
      lines.map(({ action, status }) => ({ action, status })),
      adminRoutes.filter(({ isChange }) => isChange).map(({ name: action }) => ({ action, status: 403 })),
    );
    assertError(await ask('evil.com', '/nowhere'), 'origin_refused');
    const { message } = assertError(await ask(`evil.com:${port}`), 'origin_refused');
    assert.match(message, /--origins/);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, 'tidings.internal:3219']) {
      const { status, json: stats } = await ask(host);
      assert.equal(status, 200, host);
      assert.equal((stats as { counters: { adminRefused: number } }).counters.adminRefused, adminRoutes.length + 2);
    }
    const drained = await request(`${instance.adminUrl}/drain`, { method: 'POST' });
    assert.equal(drained.status, 202);
    await instance.ends();
    assert.deepEqual(auditsOf(instance).at(-1), line('drain', null, 202));
  });
}
