import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { dataDirErrors, portErrors, signatureErrors } from '../../src/config/rules.ts';
import { defaultConfig } from '../../src/config/schema.ts';

test('both listeners on one port is an error where somebody asked for it', () => {
  const load = (...argv: string[]) => {
    const loaded = loadConfig({ argv, env: {}, readFile: () => '' });
    return loaded.ok ? [] : loaded.errors;
  };
  assert.deepEqual(load('--port=4000', '--admin-port=4000'), [
    'port and admin-port are both 4000; give the listeners a port each',
  ]);
  assert.equal(load('--admin-port=3210').length, 1);
  assert.deepEqual(load('--port=3219'), []);
  assert.deepEqual(load('--port=0', '--admin-port=0'), []);
  assert.deepEqual(load('--port=4000', '--admin-port=4000', '--admin-host=127.0.0.2'), []);
});

test('the ports are compared, not only their sources', () => {
  const loaded = loadConfig({ argv: ['--admin-port=4000'], env: {}, readFile: () => '' });
  assert.ok(loaded.ok);
  assert.deepEqual(portErrors(loaded.config, loaded.sources), []);
});

test('a data directory is for the list queue', () => {
  const errors = (...argv: string[]) => {
    const loaded = loadConfig({ argv, env: {}, readFile: () => '' });
    return loaded.ok ? [] : loaded.errors;
  };
  const [line, ...more] = errors('--data-dir=/var/lib/x', '--queue=redis/:pw@h');
  assert.deepEqual(more, []);
  assert.match(line ?? '', /^data-dir is for the queue list, and the queue is redis\/:\*\*\*@h:6379\/0,/);
  assert.equal(errors('--data-dir=x', '--queue=bullmq/h').length, 1);
  assert.deepEqual(errors('--data-dir=x', '--queue=list'), []);
  assert.deepEqual(errors('--data-dir=none', '--queue=redis/h'), []);
  assert.deepEqual(dataDirErrors(defaultConfig()), []);
});

test('an empty data directory is an error: an unset variable is not to lose what is accepted', () => {
  for (const dir of ['', ' ', 'a\nb']) {
    assert.deepEqual(loadConfig({ argv: [], env: { TIDINGS_DATA_DIR: dir }, readFile: () => '' }), {
      ok: false,
      errors: [`env TIDINGS_DATA_DIR: must be the path of a directory, or none, not ${JSON.stringify(dir)}`],
    });
  }
});

test('a certificate and its key go together', () => {
  const errors = (...argv: string[]) => {
    const loaded = loadConfig({ argv, env: {}, readFile: () => '' });
    return loaded.ok ? [] : loaded.errors;
  };
  const needs = 'a certificate and its private key, a PEM file each';
  assert.deepEqual(errors('--tls-cert=a'), [`tls-cert needs tls-key beside it: ${needs}`]);
  assert.deepEqual(errors('--tls-key=a', '--tls-cert=none'), [`tls-key needs tls-cert beside it: ${needs}`]);
  assert.deepEqual(errors('--tls-cert=a', '--tls-key=b'), []);
  assert.deepEqual(errors('--tls-cert=none', '--tls-key=none'), []);
});

test('a signed post is forgotten no earlier than it is worthless', () => {
  const [key] = [{ name: 'a', hash: null, hmacSecret: 's', hmacSecretFile: null, all: true, uids: null, types: null }];
  const keys = [{ ...key, rate: 0, expiresAtMs: 0 }];
  assert.deepEqual(signatureErrors({ keys, idRetentionMs: 600_000 }), []);
  assert.deepEqual(signatureErrors({ keys, idRetentionMs: 599_999 }), [
    'id-retention 599999ms is shorter than the 10m for which a signed post is valid, so that it could be sent and delivered again: make it longer, or use keys with a hash only',
  ]);
  assert.deepEqual(signatureErrors({ keys: keys.map((one) => ({ ...one, hash: 'h' })), idRetentionMs: 1000 }), []);
  assert.deepEqual(signatureErrors({ keys: [], idRetentionMs: 1000 }), []);
});

test('a key opens one door', () => {
  const errors = (hash: string) => {
    const key = (name: string) => `[{"name":"${name}","hash":"sha256:${hash}"}]`;
    const other = `[{"name":"a","hash":"sha256:${'A'.repeat(43)}"}]`;
    const loaded = loadConfig({ argv: [`--keys=${other}`, `--admin-keys=${key('b')}`], env: {}, readFile: () => '' });
    return loaded.ok ? [] : loaded.errors;
  };
  assert.deepEqual(errors('A'.repeat(43)), ['admin-keys: key b: is the same key as a of keys; make it one of its own']);
  assert.deepEqual(errors('E'.repeat(43)), []);
});
