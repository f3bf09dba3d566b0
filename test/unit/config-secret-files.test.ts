import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { printConfig } from '../../src/config/print.ts';

const secret = 'hunter2-'.repeat(4);
const argv = [`--keys=[{"name":"shop","hmac-secret-file":"/run/secrets/shop"}]`];

function load(readFile: (path: string) => string) {
  return loadConfig({ argv, env: {}, readFile });
}

test('a secret is read from its file, without the end of its line, and is printed as the file', () => {
  for (const end of ['', '\n', '\r\n']) {
    const loaded = load((path) => (path === '/run/secrets/shop' ? secret + end : assert.fail(path)));
    assert.ok(loaded.ok);
    assert.equal(loaded.config.keys[0]?.hmacSecret, secret);
    const printed = printConfig(loaded.config, loaded.sources);
    assert.match(printed, /hmac-secret-file: \/run\/secrets\/shop/);
    assert.doesNotMatch(printed, /hunter2/);
  }
});

test('a file that is not there, or holds too little, is one line without what it holds', () => {
  const missing = load(() => {
    throw Object.assign(new Error('no'), { code: 'ENOENT' });
  });
  assert.deepEqual(missing, {
    ok: false,
    errors: ['keys: key shop: hmac-secret-file /run/secrets/shop: cannot be read: there is no such file'],
  });
  for (const text of [secret.slice(1), `${secret.slice(1)}\n`, '', '\n']) {
    assert.deepEqual(
      load(() => text),
      {
        ok: false,
        errors: ['keys: key shop: hmac-secret-file /run/secrets/shop: must be at least 32 bytes'],
      },
    );
  }
});
