import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createRemoteKeys, type RemoteKeysOptions } from '../../src/auth/remote-keys.ts';
import { createTokens } from '../../src/auth/tokens.ts';
import { within } from '../support/deadline.ts';
import { createIssuerKey, keyToken, publicJwk, type IssuerKey } from '../support/tokens.ts';

const algorithms = ['RS256', 'ES256', 'EdDSA'];
const [first, second] = [createIssuerKey('ES256', 'k1'), createIssuerKey('ES256', 'k2')];

interface Issuer {
  keys: readonly IssuerKey[];
  /** What it answers instead; null: nothing at all. */
  answer:
    { readonly status: number; readonly body: string; readonly headers?: Record<string, string> } | null | undefined;
  asked: number;
}

/** An issuer who publishes his keys, and a listener's door that trusts him, by a clock that the test moves. */
async function trust(t: TestContext, options: Partial<RemoteKeysOptions> = {}) {
  const issuer: Issuer = { keys: [first], answer: undefined, asked: 0 };
  const server = createServer((request, response) => {
    issuer.asked += 1;
    if (issuer.answer === null) return;
    const { status, body, headers } = issuer.answer ?? {
      status: 200,
      body: JSON.stringify({ keys: issuer.keys.map(publicJwk) }),
    };
    response.writeHead(status, headers).end(body);
    request.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys?as=hunter2`;
  const clock = { ms: 50 };
  const logged: string[] = [];
  const note = (fields: object): void => {
    assert.doesNotMatch(JSON.stringify(fields), /hunter2/);
    logged.push(String(Object(fields).event));
  };
  const log = { warn: note, info: note } as unknown as Parameters<typeof createRemoteKeys>[0]['log'];
  const keys = createRemoteKeys({ log, monotonicMs: () => clock.ms }, { url, ...options });
  const verifying = { algorithms, issuer: null, audience: [], leewayMs: 0 };
  const verify = createTokens({ keyFor: keys.keyFor, now: Date.now }, verifying);
  const says = async (key: IssuerKey, header: object = {}): Promise<string> => {
    const said = await verify(keyToken({ sub: 'ann' }, key, header));
    return said.ok ? 'taken' : said.code;
  };
  return { issuer, server, clock, logged, keys, says };
}

test('keys are fetched once, for many tokens at once and after', async (t) => {
  const { issuer, says } = await trust(t);
  assert.deepEqual(await Promise.all([says(first), says(first), says(first)]), ['taken', 'taken', 'taken']);
  assert.equal(await says(first), 'taken');
  assert.equal(issuer.asked, 1);
});

test('a key that is not known is looked for, once in ten seconds', async (t) => {
  const { issuer, clock, says } = await trust(t);
  assert.equal(await says(first), 'taken');
  issuer.keys = [first, second];
  assert.equal(await says(second), 'unauthenticated', 'nobody can make it ask again and again');
  clock.ms += 9_999;
  assert.equal(await says(second), 'unauthenticated');
  assert.equal(issuer.asked, 1);
  clock.ms += 1;
  assert.deepEqual([await says(second), await says(first), issuer.asked], ['taken', 'taken', 2]);
  const strangers = await Promise.all(Array.from({ length: 20 }, (_, index) => says(first, { kid: `x${index}` })));
  assert.deepEqual(new Set(strangers), new Set(['unauthenticated']));
  assert.equal(issuer.asked, 2);
});

test('a key that the issuer has taken back is not taken any more, after the next look', async (t) => {
  const { issuer, server, clock, says, keys } = await trust(t, { maxAgeMs: 60_000 });
  assert.equal(await says(first), 'taken');
  issuer.keys = [second];
  clock.ms += 60_000;
  assert.deepEqual([await says(first), issuer.asked], ['taken', 1]);
  clock.ms += 1;
  const asked = once(server, 'request');
  assert.equal(await says(first), 'taken', 'who comes meanwhile does not wait');
  await within(asked, 'the issuer to be asked again');
  await keys.prefetch();
  assert.deepEqual([await says(first), await says(second)], ['unauthenticated', 'taken']);
});

test('an issuer who is away is no reason to refuse those whose keys are known', async (t) => {
  const { issuer, clock, logged, says } = await trust(t, { maxAgeMs: 60_000, retryMs: 1000 });
  assert.equal(await says(first), 'taken');
  issuer.answer = { status: 500, body: '' };
  clock.ms += 3_600_000;
  assert.equal(await says(first), 'taken');
  assert.equal(await says(second), 'auth_unavailable', 'nothing is said about a token that cannot be looked at');
  const { asked } = issuer;
  assert.equal(await says(second), 'auth_unavailable');
  assert.equal(issuer.asked, asked, 'who is away is left alone for a while');
  issuer.answer = undefined;
  issuer.keys = [second];
  clock.ms += 1001;
  assert.deepEqual([await says(second), await says(first)], ['taken', 'unauthenticated']);
  assert.deepEqual(logged, ['keys.away', 'keys.back']);
});

test('an issuer who was never there is asked again until he is', async (t) => {
  const { issuer, clock, logged, keys, says } = await trust(t, { retryMs: 1000 });
  issuer.answer = { status: 503, body: '' };
  await keys.prefetch();
  assert.deepEqual([await says(first), await says(first), issuer.asked], ['auth_unavailable', 'auth_unavailable', 1]);
  issuer.answer = undefined;
  clock.ms += 1000;
  assert.deepEqual([await says(first), issuer.asked], ['taken', 2]);
  assert.deepEqual(logged, ['keys.away', 'keys.back']);
});

test('an issuer who never answers holds nobody for long', async (t) => {
  const timeout = t.mock.method(AbortSignal, 'timeout');
  const { issuer, says } = await trust(t, { timeoutMs: 50 });
  issuer.answer = null;
  assert.equal(await says(first), 'auth_unavailable');
  assert.deepEqual(
    timeout.mock.calls.map((call) => call.arguments),
    [[50]],
  );
});

const answers: readonly [string, NonNullable<Issuer['answer']>][] = [
  ['no JSON', { status: 200, body: '<html>' }],
  ['no set', { status: 200, body: '{"keys":{}}' }],
  ['an error', { status: 404, body: '{"keys":[]}' }],
  ['a redirect', { status: 302, body: '', headers: { location: '/elsewhere' } }],
  ['half a megabyte and more', { status: 200, body: JSON.stringify({ keys: [], x: 'x'.repeat(600_000) }) }],
];

for (const [what, answer] of answers) {
  test(`an answer that is ${what} is none`, async (t) => {
    const { issuer, says } = await trust(t);
    issuer.answer = answer;
    assert.equal(await says(first), 'auth_unavailable');
    assert.equal(issuer.asked, 1, 'and nobody else is asked');
  });
}

test('a secret among the keys is not taken for one, nor a private key', async (t) => {
  const { issuer, says } = await trust(t);
  const { privateKey } = second;
  const keys = [
    publicJwk(first),
    { kty: 'oct', k: 'AAAA', kid: 'k3' },
    { ...privateKey.export({ format: 'jwk' }), kid: 'k2' },
  ];
  issuer.answer = { status: 200, body: JSON.stringify({ keys }) };
  assert.deepEqual([await says(first), await says(second)], ['taken', 'unauthenticated']);
});
