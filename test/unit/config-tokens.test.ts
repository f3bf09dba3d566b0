import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { printConfig } from '../../src/config/print.ts';
import { algorithmsOf, takesTokens } from '../../src/config/token-rules.ts';
import { tokenSecret } from '../support/tokens.ts';

function load(argv: readonly string[], file?: string) {
  const readFile = () => file ?? assert.fail('no file');
  return loadConfig({ argv: file === undefined ? argv : [...argv, '--config=x'], env: {}, readFile });
}

function loaded(argv: readonly string[], file?: string) {
  const result = load(argv, file);
  assert.ok(result.ok, result.ok ? '' : result.errors.join('\n'));
  return result;
}

function errors(argv: readonly string[], file?: string): readonly string[] {
  const result = load(argv, file);
  return result.ok ? [] : result.errors;
}

const secret = `--token-secret=${tokenSecret}`;
const key = '--token-key=keys.pem';
const jwks = '--token-jwks=https://id.example/keys';

test('each kind of key brings its usual algorithms, and others may be chosen', () => {
  const algorithms = (...argv: string[]) => algorithmsOf(loaded(argv).config);
  assert.deepEqual(algorithms(), []);
  assert.deepEqual(algorithms(secret), ['HS256']);
  assert.deepEqual(algorithms(key), ['RS256', 'ES256', 'EdDSA']);
  assert.deepEqual(algorithms(jwks), ['RS256', 'ES256', 'EdDSA']);
  assert.deepEqual(algorithms(secret, jwks), ['HS256', 'RS256', 'ES256', 'EdDSA']);
  assert.deepEqual(algorithms(key, '--token-algorithms=PS256, ES512'), ['PS256', 'ES512']);
  assert.deepEqual(takesTokens(loaded([]).config), false);
  for (const one of [secret, key, jwks]) assert.equal(takesTokens(loaded([one]).config), true);
});

test('a setting that would have no effect stops the start: who sets it believes that it has', () => {
  for (const flag of ['--token-issuer=us', '--token-audience=chat', '--token-algorithms=RS256', '--token-cookie=c']) {
    const [name = ''] = flag.slice(2).split('=');
    assert.deepEqual(errors([flag]), [`${name} has no effect without one of token-secret, token-key and token-jwks`]);
    assert.deepEqual(errors([flag, key]), []);
  }
  assert.deepEqual(errors(['--tickets', '--token-cookie=c']), [], 'which may hold a ticket');
  assert.deepEqual(errors([key, jwks]), ['token-key and token-jwks are both set: leave one of them out']);
  assert.deepEqual(errors([secret, key, '--token-algorithms=HS256']), [
    'token-key and token-jwks have no effect: token-algorithms holds none that has a public key',
  ]);
  assert.deepEqual(errors([secret, key, '--token-algorithms=RS256']), [
    'token-secret has no effect: HS256 is not among token-algorithms',
  ]);
  assert.deepEqual(errors([secret, '--token-algorithms=HS256,RS256']), [
    'token-algorithms holds one that needs token-key or token-jwks',
  ]);
  assert.deepEqual(errors([key, '--token-algorithms=HS256,RS256']), [
    'token-algorithms holds HS256, which needs token-secret',
  ]);
});

test('no algorithm without a key, none with a short one, and none that is not known', () => {
  for (const name of ['none', 'HS384', 'HS512', 'rs256', 'ES256K', '', '*', 'RS256,none']) {
    const lines = errors([key, `--token-algorithms=${name}`]);
    assert.equal(lines.length, name === '' ? 0 : 1, name);
  }
  assert.equal(errors([`--token-secret=${tokenSecret.slice(1)}`]).length, 1, 'of 31 bytes');
  assert.equal(errors([secret]).length, 0, 'of 32');
  assert.equal(errors(['--token-secret=']).length, 1);
});

test('keys are fetched over https, or from this machine', () => {
  for (const url of ['https://id.example/keys?x=1', 'http://127.0.0.1:9/k', 'http://localhost/k', 'http://[::1]:9/k']) {
    assert.equal(errors([`--token-jwks=${url}`]).length, 0, url);
  }
  for (const url of [
    'http://id.example/keys',
    'http://10.0.0.1/keys',
    'http://127.0.0.1.evil.example/k',
    'file:///etc/keys',
    'keys.json',
    'https://id.example/#a',
    '',
  ]) {
    const [line = '', ...more] = errors([`--token-jwks=${url}`]);
    assert.match(line, /^flag --token-jwks: must be an https address \(http only to this machine\)/, url);
    assert.deepEqual(more, []);
  }
  const [line = ''] = errors(['--token-jwks=https://u:hunter2@id.example/k']);
  assert.equal(line, 'flag --token-jwks: must not hold a user or a password');
});

test('lists and names are read from every form, and wrong ones refused', () => {
  const { config } = loaded(
    [],
    'token-key: keys.pem\ntoken-audience: [chat, "https://a.example"]\ntoken-algorithms: ES256\n',
  );
  assert.deepEqual([config.tokenAudience, config.tokenAlgorithms], [['chat', 'https://a.example'], ['ES256']]);
  for (const file of ['token-audience: [1]', 'token-audience: {}', 'token-audience: ["a b"]', 'token-cookie: "a b"']) {
    assert.equal(errors([key], file).length, 1, file);
  }
  for (const cookie of ['a=b', 'a;b', 'ü', ''])
    assert.equal(errors([key, `--token-cookie=${cookie}`]).length, 1, cookie);
});

test('neither the secret nor a key that stands in the place of its file is shown', () => {
  const { config, sources } = loaded([secret]);
  assert.ok(!printConfig(config, sources).includes(tokenSecret));
  const pem = '-----BEGIN PRIVATE KEY-----MIIhunter2-----END PRIVATE KEY-----';
  for (const text of [pem, '{"kty":"oct","k":"hunter2"}']) {
    const [line = ''] = errors([`--token-key=${text}`]);
    assert.equal(line, 'flag --token-key: must be the path of a file, or none, not what is in it');
  }
  assert.doesNotMatch(errors(['--token-secret=hunter2']).join(), /hunter2/);
});
