import * as fc from 'fast-check';
import { encodePart, secretToken, tokenSecret } from '../support/tokens.ts';
import { anyJson, anyText } from './text.ts';

/** What the inputs may post with, all in the scope of uids that begin with `f` but the last, which may post to all as well. */
export const sendKeys = ['fuzz-key-of-the-narrow', 'fuzz-key-of-the-wide'] as const;

/** What the inputs may look after the server with: the one may look, the other may change things as well. */
export const adminKeys = ['fuzz-admin-key-that-looks', 'fuzz-admin-key-that-changes'] as const;

/** Of a key that signs. */
export const signingSecret = 'fuzz-secret-of-a-key-that-signs-its-posts';

/** 2096: the same bytes in every run. */
const farSeconds = 4_000_000_000;

const uid = fc.nat(50).map((n) => `f${n}`);

/** Tokens that are taken, for uids of the inputs alone. */
const goodToken = fc
  .record(
    {
      sub: uid,
      types: fc.constantFrom(['notice'], ['alert', 'f'], ['*']),
      exp: fc.constant(farSeconds),
      iat: fc.constantFrom(1, 1_700_000_000),
    },
    { requiredKeys: ['sub'] },
  )
  .map((claims) => secretToken(claims));

/** Signed as they should be; what they claim is another matter. Any text for a uid, so that what is odd gets in. */
const oddClaims = fc
  .record(
    {
      sub: fc.oneof(
        anyText.map((text) => `f${text}`),
        anyJson,
      ),
      types: fc.oneof(anyJson, fc.array(anyText, { maxLength: 70 })),
      exp: fc.oneof(fc.integer(), fc.constantFrom(1, farSeconds, 1e300, -1), anyJson),
      nbf: fc.oneof(fc.constantFrom(0, farSeconds), anyJson),
      iat: fc.oneof(fc.constantFrom(0, farSeconds), anyJson),
      max_connections: fc.oneof(fc.integer(), anyJson),
      iss: anyJson,
      aud: anyJson,
    },
    { requiredKeys: [] },
  )
  .map((claims) => secretToken(claims));

const honestClaims = { sub: 'honest', exp: farSeconds };

/** What no server may take, whatever it claims. */
const forgedToken = fc.constantFrom(
  secretToken(honestClaims, { secret: 'another secret that nobody has given out' }),
  secretToken(honestClaims, { secret: '' }),
  secretToken(honestClaims, { header: { alg: 'HS512' }, hash: 'sha512' }),
  secretToken(honestClaims, { header: { alg: 'none' } }),
  secretToken(honestClaims, { header: { alg: 'hs256' } }),
  secretToken(honestClaims, { header: { alg: 'HS256', crit: ['x'], x: 1 } }),
  secretToken(honestClaims, { header: { alg: 'HS256', b64: false, crit: ['b64'] } }),
  secretToken(honestClaims, {
    header: { alg: 'HS256', kid: '../../dev/null', jku: 'http://127.0.0.1:1/', jwk: { kty: 'oct', k: '' } },
  }),
  secretToken('{"sub":', {}),
  secretToken('[]', {}),
  secretToken('null', {}),
  secretToken(honestClaims, { header: 'null' }),
  `${encodePart({ alg: 'none' })}.${encodePart(honestClaims)}.`,
  `${encodePart({ alg: 'HS256' })}.${encodePart(honestClaims)}`,
  '...',
  'a.b.c',
  '',
  'x'.repeat(4_097),
  'tkt_',
  `tkt_${'x'.repeat(43)}`,
);

/** In its place a ticket is put that the admin listener has given out before, if there is one. */
export const ticketPlace = `tkt_${'-'.repeat(43)}`;

export const token: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: goodToken },
  { weight: 2, arbitrary: oddClaims },
  { weight: 2, arbitrary: forgedToken },
  { weight: 1, arbitrary: fc.constant(ticketPlace) },
);

type Header = readonly [string, string];

const oddCredential = fc.constantFrom<Header[]>(
  ['Authorization', 'Bearer wrong'],
  ['Authorization', 'Bearer '],
  ['Authorization', 'Basic Zjpm'],
  ['Authorization', 'bearer  two words'],
  ['Authorization', `Bearer ${'x'.repeat(5000)}`],
  ['X-API-Key', 'wrong'],
  ['X-API-Key', '\u00ff\u00fe'],
  ['Tidings-Key', 'signs'],
  ['Tidings-Key', '__proto__'],
  ['Tidings-Signature', 't=1,v1=00'],
  ['Tidings-Signature', 't=99999999999999999999,v1=,v1=zz,v2'],
  ['Tidings-Signature', ',,=,t=t,v1'],
  ['Cookie', 'token=wrong'],
  ['Cookie', 'a=b; token="; ;=; token=%ff'],
);

/** What a request may say of who sends it. */
export const credential: fc.Arbitrary<Header> = fc.oneof(
  { weight: 3, arbitrary: oddCredential },
  { weight: 1, arbitrary: fc.constantFrom(...sendKeys).map((key): Header => ['X-API-Key', key]) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(token, fc.constantFrom('Authorization: Bearer ', 'Cookie: token=', 'Cookie: a=b; token='))
      .map(([text, place]): Header => [place.slice(0, place.indexOf(':')), place.slice(place.indexOf(':') + 2) + text]),
  },
);

const signedPost: fc.Arbitrary<Header[]> = fc
  .constantFrom('00'.repeat(32), 'ff'.repeat(31), `${'00'.repeat(32)},v1=${'ab'.repeat(32)}`)
  .map((digest) => [
    ['Tidings-Key', 'signs'],
    ['Tidings-Signature', `t=1790000000,v1=${digest}`],
  ]);

/** What a post comes with: mostly a key that is good. */
export const posting: fc.Arbitrary<Header[]> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Header[]>([['Authorization', `Bearer ${sendKeys[1]}`]]) },
  { weight: 3, arbitrary: fc.constant<Header[]>([['X-API-Key', sendKeys[0]]]) },
  { weight: 1, arbitrary: fc.constant<Header[]>([]) },
  { weight: 1, arbitrary: signedPost },
);

/** What a request to the admin listener comes with: mostly the key that may change things. */
export const administering: fc.Arbitrary<Header[]> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Header[]>([['Authorization', `Bearer ${adminKeys[1]}`]]) },
  { weight: 2, arbitrary: fc.constant<Header[]>([['X-API-Key', adminKeys[0]]]) },
  { weight: 1, arbitrary: fc.constant<Header[]>([]) },
  { weight: 1, arbitrary: credential.map((header): Header[] => [header]) },
);

/** What a listener may present in its query. */
export const queryCredential = fc.oneof(
  { weight: 6, arbitrary: token.map((text) => `token=${text}`) },
  { weight: 1, arbitrary: fc.constantFrom('token=%ff%00', 'token=a&token=b', 'token') },
);

/** What a listener may present as a subprotocol. */
export const protocolCredential = fc.oneof(
  fc.constantFrom('tidings', 'token.', 'tidings, tidings', ',', 'x', 'tidings, token.a.b.c'),
  token.map((text) => `tidings, token.${text}`),
  token.map((text) => `token.${text},tidings`),
);

/** What must not be told to anybody, of all that the server under test is given. */
export const givenSecrets = [...sendKeys, ...adminKeys, signingSecret, tokenSecret] as const;
