import assert from 'node:assert/strict';
import { generateKeyPairSync, createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { KeyFileError } from '../../src/auth/key-file-error.ts';
import { openKeyFile } from '../../src/auth/key-file.ts';
import { createTokens } from '../../src/auth/tokens.ts';
import { createIssuerKey, keyToken, publicJwk, publicPem, type IssuerKey } from '../support/tokens.ts';

const algorithms = ['RS256', 'ES256', 'EdDSA'];
const rsa = createIssuerKey('RS256');
const ec = createIssuerKey('ES256', 'ec-1');
const ed = createIssuerKey('EdDSA');

async function open(text: string, chosen: readonly string[] = algorithms) {
  const file = { text };
  const readText = (path: string): Promise<string> => {
    assert.equal(path, 'keys.pem');
    return Promise.resolve(file.text);
  };
  const keys = await openKeyFile({ readText }, { path: 'keys.pem', algorithms: chosen });
  const verifying = { algorithms: chosen, issuer: null, audience: [], leewayMs: 0 };
  const verify = createTokens({ keyFor: keys.keyFor, now: Date.now }, verifying);
  const takes = async (key: IssuerKey): Promise<boolean> => (await verify(keyToken({ sub: 'ann' }, key))).ok;
  return { file, reload: () => keys.reload(), takes };
}

async function failure(text: string, chosen?: readonly string[]): Promise<string> {
  const error = await open(text, chosen).then(
    () => assert.fail('it was taken'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof KeyFileError, String(error));
  assert.doesNotMatch(error.message, /\n|-----|"d"/);
  return error.message.replace(/^token-key keys\.pem: /, '');
}

test('PEM, a JWK and a JWK set are read; of each all keys are taken', async () => {
  const both = `a comment\n${publicPem(rsa)}\n${publicPem(ed).replaceAll('\n', '\r\n')}`;
  for (const text of [
    publicPem(rsa),
    both,
    JSON.stringify(publicJwk(rsa)),
    JSON.stringify({ keys: [publicJwk(rsa)] }),
  ]) {
    const { takes } = await open(text);
    assert.equal(await takes(rsa), true, text);
    assert.equal(await takes(ec), false);
    assert.equal(await takes(ed), text === both);
  }
});

test('a token that names a key is verified with a key of that name, or with one that has none', async () => {
  const named = { ...rsa, kid: 'newest' };
  assert.equal(await (await open(publicPem(rsa))).takes(named), true, 'a PEM file has no names');
  assert.equal(await (await open(JSON.stringify(publicJwk(named)))).takes(named), true);
  assert.equal(await (await open(JSON.stringify(publicJwk({ ...rsa, kid: 'older' })))).takes(named), false);
  const mixed = await open(JSON.stringify({ keys: [publicJwk(ec), publicJwk(createIssuerKey('ES256'))] }));
  assert.equal(await mixed.takes(ec), true);
  assert.equal(await mixed.takes({ ...ec, kid: undefined }), true);
});

test('what is of no use here is passed over where something else is of use', async () => {
  const forSecrecy = { ...publicJwk(createIssuerKey('RS256', 'enc')), use: 'enc', alg: 'RSA-OAEP' };
  const { takes } = await open(JSON.stringify({ keys: [forSecrecy, publicJwk(ec)] }));
  assert.equal(await takes(ec), true);
});

test('what is no public key is refused with a line that says what to do', async () => {
  const secret = createSecretKey(Buffer.alloc(32)).export({ format: 'jwk' });
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'pem', type: 'spki' });
  const cases: readonly (readonly [text: string, message: RegExp, chosen?: readonly string[]])[] = [
    ['', /^holds no public key for RS256, ES256, EdDSA \(token-algorithms\)$/],
    ['hello', /^holds no public key/],
    [publicPem(rsa), /^holds no public key for ES256 /, ['ES256']],
    [publicPem(createIssuerKey('ES384')), /^holds no public key/],
    [
      rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
      /^holds a private key: give its public half alone$/,
    ],
    [rsa.privateKey.export({ format: 'pem', type: 'pkcs1' }).toString(), /^holds a private key/],
    [publicPem(ed) + ec.privateKey.export({ format: 'pem', type: 'sec1' }).toString(), /^holds a private key/],
    [JSON.stringify(rsa.privateKey.export({ format: 'jwk' })), /^holds a private key/],
    [JSON.stringify({ keys: [publicJwk(ec), ed.privateKey.export({ format: 'jwk' })] }), /^holds a private key/],
    [JSON.stringify(secret), /^holds a secret; give it as token-secret$/],
    [small.toString(), /^holds an RSA key of less than 2048 bits$/],
    ['-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', /^holds a public key that cannot be read$/],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', /^holds a certificate that cannot be read$/],
    ['{', /^is not valid JSON$/],
    ['{}', /^is neither a JWK nor a JWK set$/],
    ['{"keys":{}}', /^is neither/],
    ['{"keys":[7]}', /^is neither/],
    ['{"keys":[]}', /^holds no public key/],
    ['{"kty":"RSA","n":"AAAA","e":"AQAB"}', /^holds an RSA key of less/],
    ['{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}', /^holds no public key/],
  ];
  for (const [text, message, chosen] of cases) assert.match(await failure(text, chosen), message, text.slice(0, 60));
});

test('a file that cannot be read is refused with the reason', async () => {
  const readText = () => Promise.reject(Object.assign(new Error('secret path'), { code: 'ENOENT' }));
  await assert.rejects(openKeyFile({ readText }, { path: '/x', algorithms }), {
    message: 'token-key /x: cannot be read (ENOENT)',
  });
});

test('read again, it has the new keys; when that fails it has those it had', async () => {
  const { file, reload, takes } = await open(publicPem(rsa));
  file.text = publicPem(ec);
  assert.deepEqual([await takes(rsa), await takes(ec)], [true, false]);
  await reload();
  assert.deepEqual([await takes(rsa), await takes(ec)], [false, true]);
  file.text = 'half of a file';
  await assert.rejects(reload, KeyFileError);
  assert.equal(await takes(ec), true);
});
