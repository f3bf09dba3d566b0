import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doorsOf, exposureErrors } from '../../src/config/exposure.ts';
import { defaultConfig, type Config } from '../../src/config/schema.ts';
import { parseSendKeys } from '../../src/config/send-keys.ts';

const parsed = parseSendKeys([{ name: 'a', hash: `sha256:${'A'.repeat(43)}` }]);
const keys = parsed.ok ? parsed.value : assert.fail(parsed.problem);
const adminKeys = [{ name: 'a', hash: `sha256:${'A'.repeat(43)}`, role: 'read', expiresAtMs: 0 }] as const;
const tokenSecret = 's'.repeat(32);
const fix =
  '`tidings keys > tidings.yaml` makes what asks, for --config=tidings.yaml; or bind to 127.0.0.1 behind a proxy, or pass --insecure if it is meant';

const errors = (change: Partial<Config>): readonly string[] => exposureErrors({ ...defaultConfig(), ...change });

test('a listener beyond loopback that asks nobody is one line that says what to do', () => {
  assert.deepEqual(errors({ host: '0.0.0.0' }), [
    `host 0.0.0.0 is open to other machines, and nothing asks who posts (keys) or who listens (token-secret, token-key, token-jwks or tickets): ${fix}`,
  ]);
  assert.deepEqual(errors({ adminHost: '::' }), [
    `admin-host :: is open to other machines, and nothing asks who asks (admin-keys): ${fix}`,
  ]);
  for (const host of [
    '10.0.0.1',
    'example.com',
    '::',
    '192.168.1.1',
    '0.0.0.0',
    '127.0.0.1.example.com',
    '::ffff:10.0.0.1',
  ])
    assert.equal(errors({ host, adminHost: host }).length, 2, host);
});

test('one of two questions is not enough, and the line names the other', () => {
  assert.match(errors({ host: '::', keys })[0] ?? '', /nothing asks who listens \(token-secret, token-key/);
  assert.match(errors({ host: '::', tokenSecret })[0] ?? '', /nothing asks who posts \(keys\): /);
  assert.deepEqual(errors({ host: '::', keys, tokenSecret }), []);
  assert.deepEqual(errors({ host: '::', keys, tokenKey: 'file.pem' }), []);
  assert.deepEqual(errors({ host: '::', keys, tokenJwks: 'https://a.example/jwks' }), []);
  assert.match(errors({ host: '::', adminHost: '::', keys, tokenSecret })[0] ?? '', /^admin-host :: .*\(admin-keys\)/);
  assert.match(errors({ host: '::', adminHost: '::', adminKeys })[0] ?? '', /^host :: /);
  assert.deepEqual(errors({ host: '::', adminHost: '::', keys, tokenSecret, adminKeys }), []);
});

test('loopback is fine, and insecure means it', () => {
  assert.deepEqual(errors({}), []);
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost'])
    assert.deepEqual(errors({ host, adminHost: host }), []);
  assert.deepEqual(errors({ host: '0.0.0.0', adminHost: '::', insecure: true }), []);
});

test('what each door asks for', () => {
  assert.deepEqual(doorsOf(defaultConfig()), { send: null, listen: null, admin: null });
  assert.equal(doorsOf({ ...defaultConfig(), tickets: true }).listen, 'a ticket');
  assert.equal(doorsOf({ ...defaultConfig(), tickets: true, tokenSecret }).listen, 'a token or a ticket');
  assert.deepEqual(doorsOf({ ...defaultConfig(), keys, tokenSecret, adminKeys }), {
    send: 'a key',
    listen: 'a token',
    admin: 'a key',
  });
});
