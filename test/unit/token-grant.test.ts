import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grantedTypes, stillGranted } from '../../src/auth/granted-types.ts';
import type { Grant } from '../../src/auth/listener-auth.ts';
import { readGrant } from '../../src/auth/token-grant.ts';

const nowMs = 1_795_000_000_400;

function granted(claims: unknown): Partial<Grant> {
  const said = readGrant(claims, nowMs, 5000);
  assert.ok(said.ok, said.ok ? '' : said.message);
  return said.grant;
}

test('what is not said is not bound', () => {
  const grant = { uid: 'ann', types: null, expiresAtMs: 0, issuedAtMs: 0, maxConnections: null };
  assert.deepEqual(granted({ sub: 'ann' }), grant);
  assert.deepEqual(granted({ sub: 7, name: 'Ann', admin: true }), { ...grant, uid: '7' });
});

test('each claim bounds what it is for', () => {
  const claims = { sub: 'ann', types: ['a', 'b'], exp: 1_795_000_060, iat: 1_794_999_000, max_connections: 3 };
  assert.deepEqual(granted(claims), {
    uid: 'ann',
    types: ['a', 'b'],
    expiresAtMs: 1_795_000_065_000,
    issuedAtMs: 1_794_999_000_000,
    maxConnections: 3,
  });
  assert.deepEqual(granted({ sub: 'ann', types: 'a,b' }).types, ['a', 'b']);
  for (const types of ['*', ['*'], ['a', '*']]) assert.equal(granted({ sub: 'ann', types }).types, null);
  assert.equal(
    granted({ sub: 'ann', iat: 1_795_000_004 }).issuedAtMs,
    nowMs,
    'not after now, or no revocation would end it',
  );
});

const wrong: readonly [unknown, RegExp][] = [
  [{}, /^The token has no claim "sub": the uid\.$/],
  [{ uid: 'ann' }, /no claim "sub"/],
  [{ sub: '' }, /^The token has a claim "sub" that must not be empty\.$/],
  [{ sub: null }, /claim "sub" that must be a string, or a whole number/],
  [{ sub: ['ann'] }, /claim "sub"/],
  [{ sub: 2 ** 53 }, /claim "sub"/],
  [{ sub: 'é'.repeat(129) }, /claim "sub" that must be at most 256 bytes/],
  [{ sub: 'a\ud800' }, /claim "sub" that must not contain a lone surrogate/],
  [{ sub: 'ann', types: [] }, /claim "types" that must hold a name/],
  [{ sub: 'ann', types: '' }, /claim "types" that must not hold an empty name/],
  [{ sub: 'ann', types: {} }, /claim "types" that must be a list of names/],
  [{ sub: 'ann', types: ['a,b'] }, /claim "types" that must be a list of names without commas/],
  [{ sub: 'ann', types: ['t'.repeat(65)] }, /claim "types"/],
  [
    { sub: 'ann', types: Array.from({ length: 65 }, (_, index) => `t${index}`) },
    /claim "types" that must be at most 64/,
  ],
  [{ sub: 'ann', max_connections: 0 }, /claim "max_connections" that must be a whole number from 1/],
  [{ sub: 'ann', max_connections: 1.5 }, /claim "max_connections"/],
  [{ sub: 'ann', max_connections: '3' }, /claim "max_connections"/],
  [{ sub: 'ann', exp: 1_795_000_060_000 }, /claim "exp" that must be a number of seconds since 1970, not of milli/],
  [{ sub: 'ann', exp: Infinity }, /claim "exp"/],
  [{ sub: 'ann', iat: -1 }, /claim "iat"/],
  [{ sub: 'ann', iat: 1_795_000_006 }, /^The token was issued in the future \(iat\)\.$/],
  [null, /cannot be read|must|has/],
  ['ann', /./],
  [JSON.parse('{"__proto__":{"sub":"ann"}}'), /no claim "sub"|claim "sub"/],
];

for (const [claims, message] of wrong) {
  test(`refused: ${JSON.stringify(claims)?.slice(0, 70)}`, () => {
    const said = readGrant(claims, nowMs, 5000);
    assert.ok(!said.ok);
    assert.equal(said.code, 'unauthenticated');
    assert.match(said.message, message);
  });
}

test('who asks for types gets those that he may have, and is refused for one that he may not', () => {
  const cases: readonly [readonly string[], readonly string[] | null, readonly string[] | undefined][] = [
    [[], null, ['notice']],
    [['*'], null, ['*']],
    [['a'], null, ['a']],
    [[], ['a', 'notice'], ['notice']],
    [[], ['a', 'b'], ['a', 'b']],
    [['*'], ['a', 'b'], ['a', 'b']],
    [
      ['x', '*'],
      ['a', 'b'],
      ['a', 'b'],
    ],
    [['b'], ['a', 'b'], ['b']],
    [['a', 'c'], ['a', 'b'], undefined],
    [['A'], ['a'], undefined],
  ];
  for (const [asked, may, gets] of cases)
    assert.deepEqual(grantedTypes(asked, may), gets, JSON.stringify([asked, may]));
});

test('what is no longer granted is taken away, and nobody is left with nothing', () => {
  assert.deepEqual(stillGranted(['a', 'b'], ['b', 'c']), ['b']);
  assert.deepEqual(stillGranted(['*'], ['b', 'c']), ['b', 'c']);
  assert.deepEqual(stillGranted(['a'], ['b', 'c']), ['b', 'c']);
  assert.deepEqual(stillGranted(['a'], ['b', 'notice']), ['notice']);
});
