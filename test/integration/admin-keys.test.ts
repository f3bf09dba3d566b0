import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { hashOf } from '../support/hash-of.ts';
import { startInstance } from '../support/instance.ts';
import { request } from '../support/request.ts';
import { runTidings } from '../support/run-command.ts';
import { connectWs } from '../support/ws-client.ts';
import { adminRoutes } from './admin-routes.ts';
import { assertError } from './serving.ts';

const keys = {
  reader: 'a-key-that-may-look',
  writer: 'a-key-that-may-change',
  spare: 'a-second-key-that-may-change',
  former: 'a-key-that-has-expired',
  sender: 'a-key-that-may-post',
} as const;

const adminKeys = JSON.stringify([
  { name: 'reader', hash: hashOf(keys.reader) },
  { name: 'writer', hash: hashOf(keys.writer), role: 'write', expires: '2100-01-01' },
  { name: 'spare', hash: hashOf(keys.spare), role: 'write' },
  { name: 'former', hash: hashOf(keys.former), role: 'write', expires: '2020-01-01' },
]);
const flags = [`--admin-keys=${adminKeys}`, `--keys=[{"name":"sender","hash":"${hashOf(keys.sender)}"}]`];
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const json = { 'content-type': 'application/json' };

const setups = [
  ['one process', await startInstance({ after }, { flags })],
  ['a supervisor', await startInstance({ after }, { flags: [...flags, '--workers=2'] })],
] as const;

for (const [name, instance] of setups) {
  const ask = (path: string, headers: Readonly<Record<string, string>>, method = 'GET') =>
    request(`${instance.adminUrl}${path}`, { method, headers });

  test(`${name}: no route answers without a key, nor with one that is wrong, over, of another door or in another place`, async () => {
    const wrong: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
      ['none', {}],
      ['unknown', bearer(`${keys.writer}x`)],
      ['a beginning', bearer(keys.writer.slice(0, -1))],
      ['its hash', bearer(hashOf(keys.writer))],
      ['expired', bearer(keys.former)],
      ['of those who post', bearer(keys.sender)],
      ['of those who post, as X-API-Key', { 'x-api-key': keys.sender }],
      ['another scheme', { authorization: `Basic ${keys.writer}` }],
      ['two that differ', { ...bearer(keys.writer), 'x-api-key': keys.sender }],
      ['in a cookie', { cookie: `key=${keys.writer}` }],
    ];
    for (const { method, path } of [...adminRoutes, { method: 'GET', path: '/nowhere' }]) {
      for (const [what, headers] of wrong) {
        const answer = await ask(path, { ...json, ...headers }, method);
        assert.equal(answer.status, 401, `${method} ${path}: ${what}`);
        assert.equal(answer.headers['www-authenticate'], 'Bearer');
        if (method !== 'HEAD') assertError(answer, 'unauthenticated');
        assert.ok(!answer.text.includes(keys.writer), answer.text);
      }
      assert.equal((await ask(`${path}?key=${keys.writer}&token=${keys.writer}`, json, method)).status, 401);
    }
    const { counters } = (await ask('/stats', bearer(keys.reader))).json as { counters: { adminRefused: number } };
    assert.equal(counters.adminRefused, (adminRoutes.length + 1) * (wrong.length + 1));
  });

  test(`${name}: the role read may ask everything and change nothing; the role write may do both`, async () => {
    for (const { method, path, isChange, name: action } of adminRoutes) {
      const looking = await ask(path, { ...json, ...bearer(keys.reader) }, method);
      assert.equal(looking.status === 403, isChange, `${method} ${path}: ${looking.status}`);
      assert.notEqual(looking.status, 401);
      if (isChange) assert.match(assertError(looking, 'forbidden').message, /^The key reader has the role read; /);
      if (action === 'drain') continue;
      for (const headers of [bearer(keys.writer), { 'x-api-key': keys.spare }]) {
        const { status } = await ask(path, { ...json, ...headers }, method);
        assert.ok(status !== 401 && status !== 403, `${method} ${path}: ${status}`);
      }
    }
    assert.equal((await ask('/nowhere', bearer(keys.reader), 'DELETE')).status, 403);
    assert.equal((await ask('/nowhere', bearer(keys.reader))).status, 404);
    assert.equal((await ask('/stats', bearer(keys.reader))).status, 200, 'nobody has drained it');
  });

  test(`${name}: the audit says whose key it was, also of one that may not; and never the key`, async () => {
    for (const headers of [bearer(keys.writer), { 'x-api-key': keys.spare }, bearer(keys.reader)])
      await ask('/messages/audited', headers, 'DELETE');
    await instance.logged('audit', ({ target, status }) => target === 'audited' && status === 403);
    assert.deepEqual(
      instance
        .records('audit')
        .filter(({ target }) => target === 'audited')
        .map(({ key, status }) => [key, status]),
      [
        ['writer', 404],
        ['spare', 404],
        ['reader', 403],
      ],
    );
    const strangers = instance.records('audit').filter(({ status }) => status === 401);
    assert.ok(strangers.length > 0 && strangers.every(({ key }) => key === null));
    const lines = instance.lines.join('\n');
    for (const key of Object.values(keys)) assert.ok(!lines.includes(key), key);
  });

  test(`${name}: with a key it may be called by any name, and a page of another origin still changes nothing`, async () => {
    const named = { host: 'tidings.example.com', ...bearer(keys.writer) };
    assert.equal((await ask('/stats', named)).status, 200);
    assertError(await ask('/messages/x', { ...named, origin: 'https://evil.com' }, 'DELETE'), 'origin_refused');
    const own = await ask('/messages/x', { ...named, origin: 'https://tidings.example.com' }, 'DELETE');
    assertError(own, 'unknown_message');
    assertError(await ask('/stats', { host: 'tidings.example.com' }), 'unauthenticated');
  });

  test(`${name}: tidings drain shows its key, and says what is wrong with it`, async () => {
    const drain = (key?: string) =>
      runTidings(['drain', `--admin-port=${new URL(instance.adminUrl).port}`], {
        env: key === undefined ? {} : { TIDINGS_ADMIN_KEY: key },
      });
    for (const [key, says] of [
      [undefined, /asks for an admin key; put one with the role write into TIDINGS_ADMIN_KEY\n$/],
      ['wrong', /refuses this admin key; put another/],
      [keys.reader, /refuses this admin key; put another/],
    ] as const) {
      const { code, stdout, stderr } = await drain(key);
      assert.deepEqual([code, stdout], [69, '']);
      assert.match(stderr, says);
    }
    const { code, stdout, stderr } = await drain(keys.writer);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /drains 0 connections\.\n(.*\n)*It has ended\.\n$/);
    await instance.ends();
  });
}

test('tidings drain with a key waits for the end, and says how many are left', async (t) => {
  const instance = await startInstance(t, { flags: [...flags, '--drain=1500ms'] });
  await Promise.all(Array.from({ length: 50 }, (_, uid) => connectWs(t, `${instance.wsUrl}/ws?uid=${uid}`)));
  const { port } = new URL(instance.adminUrl);
  const { code, stdout } = await runTidings(['drain', `--admin-port=${port}`, `--admin-key=${keys.writer}`]);
  assert.equal(code, 0);
  assert.match(stdout, /drains 50 connections\.\n( {2}\d+ connections? left\n)+It has ended\.\n$/);
  await instance.ends();
});
