import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig, type LoadInput } from '../../src/config/load.ts';
import { defaultConfig } from '../../src/config/schema.ts';

function load(input: Partial<Omit<LoadInput, 'readFile'>> & { readonly file?: string }) {
  const readFile = (path: string) => {
    assert.equal(path, 'f.yaml');
    assert.ok(input.file !== undefined, 'no file was expected to be read');
    return input.file;
  };
  return loadConfig({ argv: input.argv ?? [], env: input.env ?? {}, readFile });
}

function loaded(input: Parameters<typeof load>[0]) {
  const result = load(input);
  assert.ok(result.ok, result.ok ? '' : result.errors.join('\n'));
  return result;
}

function errors(input: Parameters<typeof load>[0]): readonly string[] {
  const result = load(input);
  return result.ok ? [] : result.errors;
}

test('without any source there are the defaults of the design', () => {
  const { command, config, sources } = loaded({});
  assert.equal(command, 'serve');
  assert.deepEqual(config, {
    host: '127.0.0.1',
    port: 3210,
    adminHost: '127.0.0.1',
    adminPort: 3219,
    adminKeys: [],
    maxShutOut: 100_000,
    adminKey: null,
    tickets: false,
    tokenSecret: null,
    tokenKey: null,
    tokenJwks: null,
    tokenAlgorithms: [],
    tokenIssuer: null,
    tokenAudience: [],
    tokenLeewayMs: 5000,
    tokenCookie: null,
    maxTokenBytes: 4096,
    insecure: false,
    origins: [],
    tlsCert: null,
    tlsKey: null,
    trustProxy: [],
    queue: { kind: 'list' },
    redisPrefix: 'tidings',
    dataDir: null,
    queueDeadlineMs: 2000,
    maxBodyBytes: 1_048_576,
    maxTopicIds: 10_000,
    maxBatch: 10_000,
    maxMessageBytes: 1_048_576,
    maxUidBytes: 256,
    maxHeadersBytes: 16_384,
    requestTimeoutMs: 10_000,
    keys: [],
    maxPosts: 0,
    maxConnections: 100_000,
    maxHttpConnections: 10_000,
    maxConnectionsPerUid: 100,
    uidConnections: 'refuse',
    maxConnectionsPerAddress: 1000,
    maxHandshakesPerAddress: 100,
    maxHandshakes: 1000,
    maxLagMs: 200,
    maxMemoryBytes: 'auto',
    maxClientFrameBytes: 4096,
    maxClientFrames: 20,
    connectionBudgetBytes: 1_048_576,
    behindTimeoutMs: 30_000,
    pingIntervalMs: 25_000,
    retentionMessages: 100_000,
    retentionBytes: 67_108_864,
    retentionMs: 3_600_000,
    mailboxMessages: 1000,
    broadcastMessages: 10_000,
    idRetentionMs: 86_400_000,
    idRetentionIds: 200_000,
    workers: 1,
    drainMs: 20_000,
    backupOf: null,
    failbackAfterMs: 30_000,
    logLevel: 'info',
  });
  assert.deepEqual(config, defaultConfig());
  assert.deepEqual(new Set(Object.values(sources)), new Set(['default']));
  assert.throws(() => Object.assign(config, { port: 1 }), TypeError);
});

test('a flag wins over the environment, the environment over the file, the file over the default', () => {
  const file = 'port: 1\nadmin-port: 2\nmax-body: 3KiB\n';
  const env = { TIDINGS_PORT: '11', TIDINGS_ADMIN_PORT: '12' };
  const { config, sources } = loaded({ argv: ['--config=f.yaml', '--port=21'], env, file });
  assert.deepEqual([config.port, config.adminPort, config.maxBodyBytes, config.maxBatch], [21, 12, 3072, 10_000]);
  assert.deepEqual(
    [sources.port, sources.adminPort, sources.maxBodyBytes, sources.maxBatch],
    ['flag', 'env', 'file', 'default'],
  );
});

test('a value that equals the default still has its source', () => {
  assert.equal(loaded({ argv: ['--admin-port=3219'] }).sources.adminPort, 'flag');
  assert.equal(loaded({ env: { TIDINGS_ADMIN_PORT: '3219' } }).sources.adminPort, 'env');
  assert.equal(loaded({}).sources.adminPort, 'default');
});

test('TIDINGS_CONFIG names the file, --config wins over it', () => {
  assert.equal(loaded({ env: { TIDINGS_CONFIG: 'f.yaml' }, file: 'port: 7' }).config.port, 7);
  assert.equal(
    loaded({ argv: ['--config', 'f.yaml'], env: { TIDINGS_CONFIG: 'other.yaml' }, file: 'port: 7' }).config.port,
    7,
  );
  assert.deepEqual(errors({ env: { TIDINGS_CONFIG: '' } }), ['env TIDINGS_CONFIG: needs the name of a file']);
  assert.deepEqual(errors({ argv: ['--config='] }), ['flag --config: needs the name of a file']);
});

test('every wrong value of every source is a line of its own that names the source', () => {
  const result = errors({
    argv: ['--config=f.yaml', '--port=70000', '--prot=1'],
    env: { TIDINGS_DRAIN: '5', TIDINGS_PROT: '1' },
    file: 'max-body: 1kb\nmax-batch: [1]\norigns: []\n',
  });
  assert.deepEqual(result, [
    'unknown flag --prot; did you mean --port?',
    'flag --port: must be a whole number from 0 to 65535 (0: any free port), not "70000"',
    'unknown env TIDINGS_PROT; did you mean TIDINGS_PORT?',
    'env TIDINGS_DRAIN: must be a time from 0s to 10m with its unit (500ms, 20s, 2m, 1h), not "5"',
    'file f.yaml: unknown key origns; did you mean origins?',
    'file f.yaml: max-batch: must be a whole number of envelopes from 1 to 1000000, not a list',
  ]);
});

test('a wrong value is an error even where another source wins', () => {
  assert.equal(errors({ argv: ['--port=1'], env: { TIDINGS_PORT: 'x' } }).length, 1);
  assert.equal(errors({ argv: ['--port=1', '--config=f.yaml'], file: 'port: x' }).length, 1);
});

test('wrong types in a file are refused', () => {
  const lines = [
    'port: true',
    'port: 1.5',
    'port:',
    'host: 1',
    'host: [a]',
    'redis-prefix: 12',
    'queue: {kind: list}',
    'queue: 1',
  ];
  for (const file of [
    ...lines,
    'insecure: 2',
    'insecure:',
    'log-level: 1',
    'drain: 5',
    'origins: {}',
    'max-body: {a: 1}',
  ]) {
    const result = errors({ argv: ['--config=f.yaml'], file });
    assert.equal(result.length, 1, file);
    assert.match(result[0] ?? '', /^file f\.yaml: [a-z-]+: must be [^\n]+$/, file);
  }
});

test('a number in quotes is a number, as templates write it', () => {
  assert.equal(loaded({ argv: ['--config=f.yaml'], file: 'port: "3211"' }).config.port, 3211);
});

test('white space around a value does not matter', () => {
  assert.equal(loaded({ env: { TIDINGS_PORT: ' 7\r' } }).config.port, 7);
});

test('truth values are read in any usual spelling', () => {
  for (const word of ['true', 'TRUE', 'yes', 'on', '1'])
    assert.equal(loaded({ env: { TIDINGS_INSECURE: word } }).config.insecure, true);
  for (const word of ['false', 'no', 'off', '0'])
    assert.equal(loaded({ env: { TIDINGS_INSECURE: word } }).config.insecure, false);
  assert.deepEqual(errors({ env: { TIDINGS_INSECURE: '' } }), ['env TIDINGS_INSECURE: must be true or false, not ""']);
});

test('the Redis prefix keeps to its characters', () => {
  for (const prefix of ['t', 'a.B_{c}-9', 'x'.repeat(64)]) {
    assert.equal(loaded({ argv: [`--redis-prefix=${prefix}`] }).config.redisPrefix, prefix);
  }
  for (const prefix of ['', 'a b', 'a:b', 'a*', 'ü', 'x'.repeat(65), 'a\nb']) {
    assert.equal(errors({ argv: [`--redis-prefix=${prefix}`] }).length, 1, prefix);
  }
});

test('a queue is read from every source', () => {
  const redis = { kind: 'redis', host: 'h', port: 6379, db: 0, tls: false };
  assert.deepEqual(loaded({ argv: ['--queue=redis/h'] }).config.queue, redis);
  assert.deepEqual(loaded({ env: { TIDINGS_QUEUE: 'redis/h' } }).config.queue, redis);
  assert.deepEqual(loaded({ argv: ['--config=f.yaml'], file: 'queue: redis/h' }).config.queue, redis);
  assert.deepEqual(errors({ argv: ['--queue=disque/h'] }), [
    'flag --queue: disque is no longer maintained; use --queue=bullmq/HOST:PORT',
  ]);
});

test('no line repeats a password, wherever it was put', () => {
  const secret = 'redis/:hunter2@h:1/0';
  for (const place of [
    'host',
    'port',
    'queue',
    'origins',
    'log-level',
    'max-body',
    'drain',
    'insecure',
    'redis-prefix',
  ]) {
    const bad = place === 'queue' ? `${secret}x` : secret;
    const variable = `TIDINGS_${place.toUpperCase().replaceAll('-', '_')}`;
    const inputs = [
      { argv: [`--${place}=${bad}`] },
      { env: { [variable]: bad } },
      { argv: ['--config=f.yaml'], file: `${place}: ${bad}` },
    ];
    for (const input of inputs) {
      const lines = errors(input);
      assert.equal(lines.length, 1, place);
      assert.doesNotMatch(lines.join('\n'), /hunter2/);
    }
  }
});

test('a listener beyond loopback and a port given twice stop the load', () => {
  assert.equal(errors({ argv: ['--host=0.0.0.0'] }).length, 1);
  assert.equal(loaded({ argv: ['--host=0.0.0.0', '--insecure'] }).config.host, '0.0.0.0');
  assert.equal(errors({ argv: ['--port=4000', '--admin-port=4000'] }).length, 1);
});
