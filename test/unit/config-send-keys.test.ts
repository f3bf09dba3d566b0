import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { printConfig, redactConfig } from '../../src/config/print.ts';
import { parseSendKeys, type SendKey } from '../../src/config/send-keys.ts';

const hash = `sha256:${'A'.repeat(43)}`;
const otherHash = `sha256:${'E'.repeat(43)}`;
const secret = 'hunter2-'.repeat(4);

function keysOf(raw: unknown): readonly SendKey[] {
  const parsed = parseSendKeys(raw);
  return parsed.ok ? parsed.value : assert.fail(parsed.problem);
}

function problemOf(raw: unknown): string {
  const parsed = parseSendKeys(raw);
  return parsed.ok ? 'none' : parsed.problem;
}

test('a key without scopes may post anything', () => {
  assert.deepEqual(keysOf([{ name: 'a', hash }]), [
    {
      name: 'a',
      hash,
      hmacSecret: null,
      hmacSecretFile: null,
      all: true,
      uids: null,
      types: null,
      rate: 0,
      expiresAtMs: 0,
    },
  ]);
});

test('a key with uids may not post to all, unless that is said', () => {
  assert.equal(keysOf([{ name: 'a', hash, uids: ['1-'] }])[0]?.all, false);
  assert.equal(keysOf([{ name: 'a', hash, uids: ['1-'], all: true }])[0]?.all, true);
  assert.equal(keysOf([{ name: 'a', hash, uids: [], all: true }])[0]?.all, true);
  assert.equal(keysOf([{ name: 'a', hash, types: ['x'] }])[0]?.all, true);
});

test('JSON text and a file say the same', () => {
  const inFile = new Map<string, unknown>([
    ['name', 'a'],
    ['hmac-secret', secret],
    ['types', ['x', 'y']],
    ['rate', 10],
    ['expires', '2027-01-31'],
  ]);
  const [key, ...more] = keysOf([inFile]);
  assert.deepEqual(more, []);
  assert.equal(key?.hmacSecret, secret);
  assert.equal(key.rate, 10);
  assert.equal(key.expiresAtMs, Date.UTC(2027, 0, 31));
  assert.deepEqual(keysOf(JSON.stringify([Object.fromEntries(inFile)])), [key]);
  assert.equal(
    keysOf([{ name: 'a', hash, expires: '2027-01-31T12:00:00+01:00' }])[0]?.expiresAtMs,
    Date.UTC(2027, 0, 31, 11),
  );
  assert.deepEqual([keysOf(''), keysOf('[]'), keysOf([])], [[], [], []]);
});

test('what cannot be read is one line that names the key and the member, and shows no value', () => {
  const long = 'x'.repeat(65);
  const table: readonly (readonly [unknown, string | RegExp])[] = [
    ['hunter2', 'must be a list of keys, in a flag or the environment as JSON'],
    ['{"name":"hunter2"}', /^must be a list/],
    [null, /^must be a list/],
    [12, /^must be a list/],
    [new Map([['name', 'hunter2']]), /^must be a list/],
    [['hunter2'], 'key number 1: must map names to values'],
    [[null], 'key number 1: must map names to values'],
    [[{ name: 'a', hash }, {}], 'key number 2: name is missing'],
    [[{ name: 'a' }], 'key a: must have exactly one of hash, hmac-secret and hmac-secret-file'],
    [[{ name: 'a', hash, 'hmac-secret': secret }], /exactly one of/],
    [[{ name: 'a', hash, 'hmac-secret-file': '/hunter2' }], /exactly one of/],
    [[{ name: 'a b', hash }], /^key number 1: name must be 1 to 64/],
    [[{ name: long, hash }], /^key number 1: name must be 1 to 64/],
    [[{ name: 12, hash }], 'key number 1: name must be text'],
    [[{ name: 'a', hash: 'hunter2' }], /^key a: hash must be sha256: and 43 characters/],
    [[{ name: 'a', hash: `sha256:${'B'.repeat(43)}` }], /^key a: hash must be/],
    [[{ name: 'a', hash: `${hash}=` }], /^key a: hash must be/],
    [[{ name: 'a', hash: hash.replace('sha256', 'md5') }], /^key a: hash must be/],
    [[{ name: 'a', 'hmac-secret': 'hunter2' }], 'key a: hmac-secret must be at least 32 bytes'],
    [[{ name: 'a', 'hmac-secret': secret.slice(1) }], /at least 32 bytes/],
    [[{ name: 'a', 'hmac-secret': 12 }], 'key a: hmac-secret must be text'],
    [[{ name: 'a', 'hmac-secret-file': '' }], 'key a: hmac-secret-file is empty'],
    [[{ name: 'a', hash, uid: ['x'], tyqes: [] }], 'key a: has no member uid, tyqes'],
    [[{ name: 'a', hash, __proto__x: 1 }], 'key a: has no member __proto__x'],
    [
      JSON.stringify([{ name: 'a', hash }]).replace('}', ',"__proto__":{"all":true}}'),
      'key a: has no member __proto__',
    ],
    [[{ name: 'a', hash, all: 'no' }], 'key a: all must be true or false'],
    [[{ name: 'a', hash, uids: 'x' }], 'key a: uids must be a list of beginnings of uids'],
    [[{ name: 'a', hash, uids: ['x', 7] }], 'key a: uids[1] must be beginnings of uids; a number stands in quotes'],
    [[{ name: 'a', hash, uids: [''] }], 'key a: uids[0] must not be empty'],
    [[{ name: 'a', hash, types: [] }], 'key a: types must name at least one type'],
    [[{ name: 'a', hash, rate: 0 }], /^key a: rate must be a whole number of posts a second from 1 to 1000000$/],
    [[{ name: 'a', hash, rate: 1_000_001 }], /^key a: rate must be/],
    [[{ name: 'a', hash, rate: 1.5 }], /^key a: rate must be/],
    [[{ name: 'a', hash, rate: '10' }], /^key a: rate must be/],
    [[{ name: 'a', hash, expires: '2027-02-30' }], /^key a: expires must be a day \(2027-01-31\) or an instant/],
    [[{ name: 'a', hash, expires: '2027-01-31T12:00:00' }], /^key a: expires must be/],
    [[{ name: 'a', hash, expires: 1_800_000_000 }], /^key a: expires must be/],
    [[{ name: 'a', hash, expires: 'soon' }], /^key a: expires must be/],
    [
      [
        { name: 'a', hash },
        { name: 'a', hash: otherHash },
      ],
      'key a: this name stands twice',
    ],
    [
      [
        { name: 'a', hash },
        { name: 'b', hash },
      ],
      'key b: is the same key as a',
    ],
  ];
  for (const [raw, expected] of table) {
    const problem = problemOf(raw);
    if (typeof expected === 'string') assert.equal(problem, expected);
    else assert.match(problem, expected);
    assert.doesNotMatch(problem, /hunter2/);
  }
});

test('the ends of what is taken are taken', () => {
  const [key] = keysOf([{ name: 'x'.repeat(64), 'hmac-secret': secret, rate: 1 }]);
  assert.equal(key?.rate, 1);
  assert.equal(keysOf([{ name: 'a', hash, rate: 1_000_000 }])[0]?.rate, 1_000_000);
});

test('a wrong key is a line of its source', () => {
  const text = 'keys:\n  - name: shop\n    hash: hunter2\n';
  const loaded = loadConfig({ argv: ['--config=x'], env: {}, readFile: () => text });
  assert.ok(!loaded.ok);
  assert.equal(loaded.errors.length, 1);
  assert.match(loaded.errors[0] ?? '', /^file x: keys: key shop: hash must be sha256: and 43/);
});

test('what is printed has the hashes and not the secrets, and does not load with a secret that everybody knows', () => {
  const keys = [
    { name: 'a', hash, uids: ['x', 'y,z'], types: ['t'], rate: 5, expires: '2027-01-31' },
    { name: 'b', hash: otherHash, all: false, expires: '2027-01-31T11:00:00.000Z' },
  ];
  const load = (argv: readonly string[], file = '') => loadConfig({ argv, env: {}, readFile: () => file });
  const whole = load([`--keys=${JSON.stringify(keys)}`]);
  assert.ok(whole.ok);
  const again = load(['--config=x'], printConfig(whole.config, whole.sources));
  assert.ok(again.ok);
  assert.deepEqual(again.config, whole.config);
  assert.match(redactConfig(whole.config)['keys'] ?? '', /"name":"a","hash":"sha256:AAA/);

  const secrets = load([`--keys=${JSON.stringify([{ name: 's', 'hmac-secret': secret }])}`]);
  assert.ok(secrets.ok);
  const printed = printConfig(secrets.config, secrets.sources);
  assert.match(printed, /^keys: .*name: s, hmac-secret: "\*\*\*".* # flag$/m);
  for (const text of [printed, JSON.stringify(redactConfig(secrets.config))]) assert.doesNotMatch(text, /hunter2/);
  assert.equal(load(['--config=x'], printed).ok, false);
});
