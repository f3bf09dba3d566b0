import { hashOf } from '../support/hash-of.ts';
import { digestOf, signed } from '../support/sign.ts';
import { encodePart, secondsFromNow, secretToken, tokenSecret } from '../support/tokens.ts';

/** The page of the second tenant, which may listen, as that of the first may. */
export const page = 'https://b.example';

const secretOf = (name: string): string => `the-secret-that-${name}-signs-its-posts-with`;

/** The key of a name, as its owner has it. */
export const keyOf = (name: string): string => `the-key-of-${name}`;

/**
 * Two tenants that share a deployment: `a` may post to uids that begin with `a-`, `b` to those that begin with `b-`, each by a key and by
 * a signature.
 */
export const tenantFlags = [
  `--keys=${JSON.stringify([
    { name: 'a', hash: hashOf(keyOf('a')), uids: ['a-'] },
    { name: 'b', hash: hashOf(keyOf('b')), uids: ['b-'] },
    { name: 'old-a', hash: hashOf(keyOf('old-a')), uids: ['a-'], expires: '2020-01-01' },
    { name: 'signs-a', 'hmac-secret': secretOf('signs-a'), uids: ['a-'] },
    { name: 'signs-b', 'hmac-secret': secretOf('signs-b'), uids: ['b-'] },
  ])}`,
  `--token-secret=${tokenSecret}`,
  '--token-audience=chat',
  '--token-issuer=us',
  '--token-leeway=0s',
  '--token-cookie=session',
  '--tickets',
  `--origins=https://a.example,${page}`,
];

/** A token that is taken. */
export const tokenOf = (uid: string, more: object = {}): string =>
  secretToken({ iss: 'us', aud: 'chat', sub: uid, exp: secondsFromNow(600), ...more });

const claims = { iss: 'us', aud: 'chat', sub: 'a-1' };

/** What was made to look like a token of the first tenant, and is none. */
export function forgedTokens(): Readonly<Record<string, string>> {
  const [head = '', , signature = ''] = tokenOf('b-1').split('.');
  return {
    'of another secret': secretToken(claims, { secret: 'another-secret-of-at-least-32-bytes-' }),
    'of an empty secret': secretToken(claims, { secret: '' }),
    'of the secret that signs posts': secretToken(claims, { secret: secretOf('signs-b') }),
    'of the hash of a key': secretToken(claims, { secret: hashOf(keyOf('a')) }),
    'with the algorithm none': `${encodePart({ alg: 'none' })}.${encodePart(claims)}.`,
    'with the algorithm None': `${encodePart({ alg: 'None' })}.${encodePart(claims)}.`,
    'with another algorithm': secretToken(claims, { header: { alg: 'HS512' }, hash: 'sha512' }),
    'with the claims changed': `${head}.${encodePart(claims)}.${signature}`,
    'without a signature': `${head}.${encodePart(claims)}.`,
    'that has expired': tokenOf('a-1', { exp: secondsFromNow(-60) }),
    'that is not valid yet': tokenOf('a-1', { nbf: secondsFromNow(3_600) }),
    'that was issued in the future': tokenOf('a-1', { iat: secondsFromNow(3_600) }),
    'for another audience': tokenOf('a-1', { aud: 'mail' }),
    'of another issuer': tokenOf('a-1', { iss: 'them' }),
    'without an issuer': tokenOf('a-1', { iss: undefined }),
    'without a uid': tokenOf('a-1', { sub: undefined }),
    'for a list of uids': tokenOf('a-1', { sub: ['b-1', 'a-1'] }),
    'for too long a uid': tokenOf(`a-${'1'.repeat(300)}`),
  };
}

type Headers = Readonly<Record<string, string>>;

/** What a post of a body may come with that must not let it pass to a uid of the first tenant. */
export function wrongSenders(body: string): Readonly<Record<string, Headers>> {
  const another = '{"topic":"uids","topic_ids":["a-1"],"msg":"signed"}';
  const now = secondsFromNow(0);
  const signature = (name: string): Headers => signed(name, { secret: secretOf(name), body });
  return {
    nobody: {},
    'its key': { authorization: `Bearer ${keyOf('b')}` },
    'its key in the other header': { 'x-api-key': keyOf('b') },
    'its key and another': { authorization: `Bearer ${keyOf('b')}`, 'x-api-key': keyOf('a') },
    'another and its key': { authorization: `Bearer ${keyOf('a')}`, 'x-api-key': keyOf('b') },
    'a key that has expired': { authorization: `Bearer ${keyOf('old-a')}` },
    'the name of a key': { authorization: 'Bearer a' },
    'the hash of a key': { authorization: `Bearer ${hashOf(keyOf('a'))}` },
    'a key but for its last character': { 'x-api-key': keyOf('a').slice(0, -1) },
    'a secret in place of a key': { 'x-api-key': secretOf('signs-a') },
    'a token of a listener': { authorization: `Bearer ${tokenOf('a-1')}` },
    'a key as another scheme': { authorization: `Basic ${keyOf('a')}` },
    'a key in a cookie': { cookie: `session=${keyOf('a')}; x-api-key=${keyOf('a')}` },
    'its signature': signature('signs-b'),
    'its signature under another name': { ...signature('signs-b'), 'tidings-key': 'signs-a' },
    'the name of a key that does not sign': { ...signature('signs-b'), 'tidings-key': 'a' },
    'a signature of another body': signed('signs-a', { secret: secretOf('signs-a'), body: another }),
    'an old signature': signed('signs-a', { secret: secretOf('signs-a'), body, at: now - 3_600 }),
    'a signature from the future': signed('signs-a', { secret: secretOf('signs-a'), body, at: now + 3_600 }),
    'a signature whose time was changed': {
      'tidings-key': 'signs-a',
      'tidings-signature': `t=${now},v1=${digestOf({ secret: secretOf('signs-a'), body, at: now - 3_600 })}`,
    },
    'a signature for another id': {
      ...signed('signs-a', { secret: secretOf('signs-a'), body, idempotencyKey: 'one' }),
      'idempotency-key': 'two',
    },
    'a signature and a key': { ...signature('signs-a'), 'x-api-key': keyOf('b') },
    'no signature': { 'tidings-key': 'signs-a' },
  };
}

/** What the first tenant posts with. */
export function rightSenders(body: string): readonly Headers[] {
  return [
    { authorization: `Bearer ${keyOf('a')}` },
    { 'x-api-key': keyOf('a') },
    signed('signs-a', { secret: secretOf('signs-a'), body }),
  ];
}
