import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCommandLine } from '../../src/config/command-line.ts';
import { configDocument, EXAMPLE_FILE } from '../../src/config/document.ts';
import { helpText } from '../../src/config/help.ts';
import { keySpecs, type KeySpec } from '../../src/config/keys.ts';
import { groups } from '../../src/config/kinds.ts';
import { loadConfig, type Loaded } from '../../src/config/load.ts';
import { formatSetting } from '../../src/config/print.ts';
import { configSchema, type Config, type ConfigKey } from '../../src/config/schema.ts';

const LEAST_KEYS = 30;

/** For each kind of key a value that is not the default, as text, and what becomes of it. */
type Sample = readonly [string, Config[ConfigKey]];
const samples: Readonly<Record<KeySpec['kind'], Sample>> = {
  count: ['77', 77],
  port: ['0', 0],
  bytes: ['65kb', 66_560],
  memory: ['1GiB', 1_073_741_824],
  duration: ['3s', 3000],
  boolean: ['true', true],
  choice: ['debug', 'debug'],
  text: ['localhost', 'localhost'],
  list: ['https://a.example', ['https://a.example']],
  proxies: ['10.0.0.0/8', ['10.0.0.0/8']],
  url: ['http://primary:3210/', 'http://primary:3210'],
  secret: ['a-secret-of-more-than-thirty-two-bytes', 'a-secret-of-more-than-thirty-two-bytes'],
  keys: [
    `[{"name":"a","hash":"sha256:${'A'.repeat(43)}"}]`,
    [
      {
        name: 'a',
        hash: `sha256:${'A'.repeat(43)}`,
        hmacSecret: null,
        hmacSecretFile: null,
        all: true,
        uids: null,
        types: null,
        rate: 0,
        expiresAtMs: 0,
      },
    ],
  ],
  'key-set': ['https://id.example/keys', 'https://id.example/keys'],
  algorithms: ['ES256,RS256', ['ES256', 'RS256']],
  queue: ['bullmq/h', { kind: 'bullmq', host: 'h', port: 6379, db: 0, tls: false }],
};

/** What a setting needs beside it: alone it would have no effect, and be refused. */
const companions: Partial<Record<ConfigKey, readonly string[]>> = {
  tlsCert: ['--tls-key=a.key'],
  tlsKey: ['--tls-cert=a.pem'],
  tokenAlgorithms: ['--token-key=keys.pem'],
  tokenIssuer: ['--token-key=keys.pem'],
  tokenAudience: ['--token-key=keys.pem'],
  tokenCookie: ['--token-key=keys.pem'],
};

/** Keys whose kind has another value beside theirs. */
const samplesByName: Readonly<Record<string, Sample>> = {
  'uid-connections': ['replace', 'replace'],
  'admin-keys': [
    `[{"name":"a","hash":"sha256:${'A'.repeat(43)}","role":"write"}]`,
    [{ name: 'a', hash: `sha256:${'A'.repeat(43)}`, role: 'write', expiresAtMs: 0 }],
  ],
};

function valueOf(result: Loaded, spec: KeySpec): Config[ConfigKey] {
  assert.ok(result.ok, result.ok ? '' : `${spec.name}: ${result.errors.join('\n')}`);
  return result.config[spec.key];
}

test('the table of keys is the schema', () => {
  assert.ok(keySpecs.length >= LEAST_KEYS);
  assert.deepEqual(
    keySpecs.map((spec) => spec.key),
    Object.keys(configSchema.shape),
  );
});

test('names follow from the key, and no two are alike', () => {
  const names = new Map(keySpecs.map((spec) => [spec.key, [spec.name, spec.env]]));
  assert.deepEqual(names.get('maxBodyBytes'), ['max-body', 'TIDINGS_MAX_BODY']);
  assert.deepEqual(names.get('pingIntervalMs'), ['ping-interval', 'TIDINGS_PING_INTERVAL']);
  assert.deepEqual(names.get('maxConnectionsPerUid'), ['max-connections-per-uid', 'TIDINGS_MAX_CONNECTIONS_PER_UID']);
  assert.deepEqual(names.get('retentionMs'), ['retention', 'TIDINGS_RETENTION']);
  assert.deepEqual(names.get('retentionBytes'), ['retention-bytes', 'TIDINGS_RETENTION_BYTES']);
  const spellings = keySpecs.flatMap((spec) => [spec.name, ...(spec.aliases ?? [])]);
  assert.equal(new Set([...spellings, 'config', 'help', 'version']).size, spellings.length + 3);
});

test('every key can be set by flag, environment and file, to the same effect', () => {
  let looked = 0;
  for (const spec of keySpecs) {
    const [text, expected] = samplesByName[spec.name] ?? samples[spec.kind];
    const readFile = () => `${spec.name}: ${text}`;
    const beside = companions[spec.key] ?? [];
    const results = [
      loadConfig({ argv: [`--${spec.name}=${text}`, ...beside], env: {}, readFile }),
      loadConfig({ argv: [`-${spec.name}=${text}`, ...beside], env: {}, readFile }),
      loadConfig({ argv: beside, env: { [spec.env]: text }, readFile }),
    ];
    // A list is a list in a file, too.
    const inFile = spec.kind === 'list' ? () => `${spec.name}: [${text}]` : readFile;
    results.push(loadConfig({ argv: ['--config=x', ...beside], env: {}, readFile: inFile }));
    for (const result of results) assert.deepEqual(valueOf(result, spec), expected, spec.name);
    assert.notDeepEqual(spec.defaultValue, expected, spec.name);
    looked += results.length;
  }
  assert.ok(looked >= 4 * LEAST_KEYS);
});

test('every default is within its own limits', () => {
  for (const spec of keySpecs) {
    const text = formatSetting(spec, spec.defaultValue);
    const result = loadConfig({ argv: [`--${spec.name}=${text}`], env: {}, readFile: () => '' });
    assert.deepEqual(valueOf(result, spec), spec.defaultValue, spec.name);
  }
});

test('every number has limits: nothing below the least or above the most is taken', () => {
  let looked = 0;
  for (const spec of keySpecs) {
    const [, from, to] = /from (\S+) to (\S+)/.exec(spec.accepts) ?? [];
    if (from === undefined || to === undefined) {
      assert.ok(!['count', 'port', 'bytes', 'duration'].includes(spec.kind), spec.name);
      continue;
    }
    const { schema } = spec;
    assert.ok(schema.safeParse(from).success && schema.safeParse(to).success, spec.name);
    const least = Number(schema.parse(from));
    const most = Number(schema.parse(to));
    const unit = spec.kind === 'duration' ? 'ms' : '';
    for (const outside of [`${least - 1}${unit}`, `${most + 1}${unit}`, '', 'x', '1.5', '-1', 'NaN', 'Infinity']) {
      assert.equal(schema.safeParse(outside).success, false, `${spec.name}=${outside}`);
    }
    looked += 1;
  }
  assert.ok(looked >= 16, `${looked} keys with limits`);
});

test('the two frame limits do not take each other’s usual values', () => {
  const fails = (flag: string) => !loadConfig({ argv: [flag], env: {}, readFile: () => '' }).ok;
  assert.ok(fails('--max-client-frame=20'));
  assert.ok(fails('--max-client-frames=4096'));
});

test('every key says what it does in one or two sentences', () => {
  for (const { name, description } of keySpecs) {
    assert.match(description, /^[A-Z*].*\.$/, name);
    const sentences = description.split(/[.!?](?: |$)/).length - 1;
    assert.ok(sentences >= 1 && sentences <= 2, `${name}: ${sentences} sentences`);
  }
});

test('help covers every key and group within 120 columns', () => {
  const help = helpText();
  const flat = help.replace(/\s+/g, ' ');
  let looked = 0;
  for (const spec of keySpecs) {
    assert.match(help, new RegExp(`^  --${spec.name}(=| |$)`, 'm'), spec.name);
    assert.ok(flat.includes(spec.description) && flat.includes(`Takes ${spec.accepts}.`), spec.name);
    looked += 1;
  }
  assert.ok(looked >= LEAST_KEYS);
  for (const group of groups) assert.match(help, new RegExp(`^${group}$`, 'm'));
  for (const word of ['--config=FILE', '--help, -h', '--version', 'serve', 'config'])
    assert.ok(help.includes(word), word);
  for (const line of help.split('\n')) assert.ok(line.length <= 120 && line === line.trimEnd(), line);
});

test('every group has keys', () => {
  for (const group of groups)
    assert.ok(
      keySpecs.some((spec) => spec.group === group),
      group,
    );
});

test('the document covers every key, once', () => {
  const document = configDocument();
  let looked = 0;
  for (const spec of keySpecs) {
    assert.equal(document.split(`\n### ${spec.name}\n`).length, 2, spec.name);
    assert.ok(document.includes(`\`${spec.env}\``), spec.env);
    looked += 1;
  }
  assert.ok(looked >= LEAST_KEYS);
});

test('the example file loads, and speaks of every group', () => {
  const result = loadConfig({ argv: ['--config=x'], env: {}, readFile: () => EXAMPLE_FILE });
  assert.ok(result.ok, result.ok ? '' : result.errors.join('\n'));
  const { sources } = result;
  for (const group of groups) {
    assert.ok(
      keySpecs.some((spec) => spec.group === group && sources[spec.key] === 'file'),
      group,
    );
  }
});

test('every flag form that help shows is one that the parser knows', () => {
  const flags = [...helpText().matchAll(/^ {2}(--[a-z-]+)(=\S+)?/gm)];
  assert.ok(flags.length >= LEAST_KEYS + 3);
  for (const [, flag = '', value] of flags) {
    assert.deepEqual(readCommandLine([value === undefined ? flag : `${flag}=x`]).errors, [], flag);
  }
});
