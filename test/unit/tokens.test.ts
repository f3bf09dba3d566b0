import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { createLocalJWKSet, EncryptJWT, type JSONWebKeySet } from 'jose';
import { createKeyFor } from '../../src/auth/token-keys.ts';
import { createTokens, type TokensOptions } from '../../src/auth/tokens.ts';
import {
  createIssuerKey,
  encodePart,
  keyToken,
  publicJwk,
  publicPem,
  secretToken,
  tokenSecret,
  type IssuerKey,
} from '../support/tokens.ts';

const nowSeconds = 1_795_000_000;
const nowMs = nowSeconds * 1000 + 400;
const claims = { sub: 'ann', exp: nowSeconds + 60 };

interface Verifying extends Partial<TokensOptions> {
  readonly secret?: string | null;
  readonly keys?: readonly IssuerKey[];
}

function verify(token: string, { secret = tokenSecret, keys = [], ...options }: Verifying = {}) {
  const jwks = { keys: keys.map(publicJwk) } as unknown as JSONWebKeySet;
  const keyFor = createKeyFor(secret, keys.length === 0 ? undefined : createLocalJWKSet(jwks));
  const usual = { algorithms: ['HS256', 'RS256', 'ES256', 'EdDSA'], issuer: null, audience: [], leewayMs: 5000 };
  return createTokens({ keyFor, now: () => nowMs }, { ...usual, ...options })(token);
}

async function refusal(token: string, verifying?: Verifying): Promise<string> {
  const said = await verify(token, verifying);
  assert.ok(!said.ok, `${token} was taken`);
  assert.equal(said.code, 'unauthenticated');
  for (const part of token.split('.').filter((text) => text.length > 3)) {
    assert.ok(!said.message.includes(part), `${said.message} quotes the token`);
  }
  return said.message;
}

async function accepted(token: string, verifying?: Verifying): Promise<void> {
  const said = await verify(token, verifying);
  assert.ok(said.ok, said.ok ? '' : said.message);
  assert.equal(said.grant.uid, 'ann');
}

const rsa = createIssuerKey('RS256', 'rsa');
const ec = createIssuerKey('ES256', 'ec');
const ed = createIssuerKey('EdDSA', 'ed');

test('a token of each algorithm is taken with its key, and with no other', async () => {
  await accepted(secretToken(claims));
  for (const key of [rsa, ec, ed]) {
    await accepted(keyToken(claims, key), { keys: [rsa, ec, ed] });
    const another = createIssuerKey(key.alg, key.kid);
    assert.equal(await refusal(keyToken(claims, another), { keys: [rsa, ec, ed] }), 'The token has a wrong signature.');
  }
  assert.equal(await refusal(secretToken(claims, { secret: `${tokenSecret}x` })), 'The token has a wrong signature.');
});

test('every other algorithm that may be chosen works as well', async () => {
  for (const alg of ['RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES384', 'ES512', 'Ed25519']) {
    const key = createIssuerKey(alg, 'k');
    await accepted(keyToken(claims, key), { keys: [key], algorithms: [alg] });
    assert.match(
      await refusal(keyToken(claims, key), { keys: [key] }),
      /by an algorithm that is not allowed here/,
      alg,
    );
  }
});

test('alg:none is refused in every spelling, with and without a signature', async () => {
  for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
    const unsigned = `${encodePart({ alg })}.${encodePart(claims)}.`;
    for (const token of [unsigned, secretToken(claims, { header: { alg } }), unsigned.slice(0, -1)]) {
      assert.match(await refusal(token, { keys: [rsa] }), /not allowed here|is not a signed/, token);
    }
  }
});

test('a public key is never a secret: HS256 with its PEM, its DER or its JWK is refused', async () => {
  const der = rsa.publicKey.export({ format: 'der', type: 'spki' });
  for (const secret of [publicPem(rsa), publicPem(rsa).trim(), der, JSON.stringify(publicJwk(rsa)), '']) {
    for (const header of [{ alg: 'HS256' }, { alg: 'HS256', kid: 'rsa' }]) {
      const forged = secretToken(claims, { secret, header });
      assert.equal(await refusal(forged, { keys: [rsa] }), 'The token has a wrong signature.');
      assert.match(await refusal(forged, { keys: [rsa], secret: null }), /not allowed here/);
    }
  }
});

test('a secret is never a public key, and a key serves its own algorithm alone', async () => {
  const header = { alg: 'RS256' };
  assert.match(await refusal(secretToken(claims, { header })), /not allowed here/);
  assert.match(await refusal(secretToken(claims, { header }), { keys: [rsa] }), /wrong signature/);
  // Signed by the one, claimed to be of the other.
  assert.match(await refusal(keyToken(claims, ec, { alg: 'RS256' }), { keys: [rsa, ec] }), /not known here/);
  assert.match(
    await refusal(keyToken(claims, rsa, { alg: 'EdDSA', kid: 'ed' }), { keys: [rsa, ed] }),
    /wrong signature/,
  );
});

test('what a token says of its own key is not believed', async () => {
  const evil = createIssuerKey('RS256', 'rsa');
  const jwk = publicJwk(evil);
  for (const header of [{ jwk }, { jku: 'http://127.0.0.1:9/keys' }, { x5u: 'http://127.0.0.1:9/cert' }]) {
    assert.match(await refusal(keyToken(claims, evil, header), { keys: [rsa] }), /wrong signature/);
  }
});

test('HS256 alone of those with a secret, and only with the hash that it says', async () => {
  for (const [alg, hash] of [
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
  ] as const) {
    assert.match(await refusal(secretToken(claims, { header: { alg }, hash })), /not allowed here/);
  }
  assert.match(await refusal(secretToken(claims, { hash: 'sha512' })), /wrong signature/);
});

test('expiry and nbf hold to the second, the leeway included', async () => {
  const at = (more: object): string => secretToken({ sub: 'ann', ...more });
  await accepted(at({ exp: nowSeconds - 4 }));
  assert.equal(await refusal(at({ exp: nowSeconds - 5 })), 'The token has expired (exp).');
  await accepted(at({ nbf: nowSeconds + 5 }));
  assert.equal(await refusal(at({ nbf: nowSeconds + 6 })), 'The token is not valid yet (nbf).');
  assert.equal(await refusal(at({ nbf: nowSeconds + 10 * 365 * 86_400 })), 'The token is not valid yet (nbf).');
  assert.equal(await refusal(at({ exp: nowSeconds }), { leewayMs: 0 }), 'The token has expired (exp).');
  await accepted(at({ exp: nowSeconds + 1, nbf: nowSeconds }), { leewayMs: 0 });
  await accepted(at({ iat: nowSeconds + 5 }));
  assert.equal(await refusal(at({ iat: nowSeconds + 6 })), 'The token was issued in the future (iat).');
  for (const claim of ['exp', 'nbf', 'iat']) {
    for (const value of ['soon', `${nowSeconds + 60}`, null, {}, true]) {
      assert.match(await refusal(at({ [claim]: value })), new RegExp(`"${claim}"|\\(${claim}\\)`));
    }
  }
});

test('the audience must be one of ours, where there is one', async () => {
  const audience = ['chat', 'https://app.example'];
  for (const aud of ['chat', ['x', 'https://app.example']])
    await accepted(secretToken({ ...claims, aud }), { audience });
  for (const aud of ['other', ['x', 'y'], [], '', 'CHAT', undefined, 7, { chat: 1 }]) {
    const message = await refusal(secretToken({ ...claims, aud }), { audience });
    assert.equal(message, 'The token is for another audience (aud).');
  }
  await accepted(secretToken({ ...claims, aud: 'other' }));
});

test('the issuer must be ours, where there is one', async () => {
  const issuer = 'https://id.example';
  await accepted(secretToken({ ...claims, iss: issuer }), { issuer });
  for (const iss of ['https://id.example/', 'https://evil.example', '', [issuer], undefined, null]) {
    const message = await refusal(secretToken({ ...claims, iss }), { issuer });
    assert.equal(message, 'The token is of another issuer (iss).');
  }
});

test('what is no signed token is refused, whatever it is', async () => {
  const [header = '', payload = '', signature = ''] = secretToken(claims).split('.');
  const encrypted = await new EncryptJWT(claims)
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(createSecretKey(Buffer.from(tokenSecret)));
  const broken = [
    'x',
    '.',
    '..',
    '...',
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${header}..${signature}`,
    `.${payload}.${signature}`,
    `${header}.${payload}.${signature}.${signature}`,
    `${header}.${payload}.${signature.slice(1)}`,
    `${header}.${payload}.*${signature}`,
    `${header}.${encodePart({ ...claims, sub: 'bob' })}.${signature}`,
    `${encodePart({ alg: 'HS256', typ: 'jwt' })}.${payload}.${signature}`,
    secretToken(claims, { header: '{' }),
    secretToken(claims, { header: [] }),
    secretToken(claims, { header: { alg: 7 } }),
    secretToken(claims, { header: {} }),
    secretToken(claims, { header: { alg: '__proto__' } }),
    secretToken('{'),
    secretToken('[]'),
    secretToken('"ann"'),
    secretToken('null'),
    secretToken(claims, { header: { alg: 'HS256', crit: ['x'], x: 1 } }),
    secretToken(claims, { header: { alg: 'HS256', crit: [] } }),
    secretToken(claims, { header: { alg: 'HS256', crit: ['b64'], b64: false } }),
    encrypted,
    'é.é.é',
    `${'a.'.repeat(2000)}b`,
  ];
  for (const token of broken) await refusal(token, { keys: [rsa] });
});

test('a token that does not name its key is tried with each that fits, and refused when none is it', async () => {
  const [older, newer] = [createIssuerKey('ES256', 'old'), createIssuerKey('ES256', 'new')];
  const nameless = { kid: undefined };
  for (const key of [older, newer]) await accepted(keyToken(claims, key, nameless), { keys: [older, newer] });
  const foreign = keyToken(claims, createIssuerKey('ES256'), nameless);
  assert.equal(await refusal(foreign, { keys: [older, newer] }), 'The token has a wrong signature.');
  const expired = keyToken({ ...claims, exp: nowSeconds - 60 }, newer, nameless);
  assert.equal(await refusal(expired, { keys: [older, newer] }), 'The token has expired (exp).');
  const unknown = keyToken(claims, older, { kid: 'gone' });
  assert.equal(
    await refusal(unknown, { keys: [older, newer] }),
    'The token is signed with a key that is not known here.',
  );
});
