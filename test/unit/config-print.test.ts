import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keySpecs } from '../../src/config/keys.ts';
import { loadConfig } from '../../src/config/load.ts';
import { printConfig, redactConfig } from '../../src/config/print.ts';

function loaded(argv: readonly string[], file = '') {
  const result = loadConfig({ argv, env: {}, readFile: () => file });
  assert.ok(result.ok, result.ok ? '' : result.errors.join('\n'));
  return result;
}

const ARGV = [
  '--host=::1',
  '--origins=*,null,https://a.example',
  '--queue=bullmqs/[::1]:7/2',
  '--redis-prefix=123',
  '--max-body=1025',
  '--drain=0',
  '--insecure',
  '--log-level=silent',
];

test('what is printed loads again to the same settings', () => {
  for (const argv of [[], ARGV]) {
    const { config, sources } = loaded(argv);
    const printed = printConfig(config, sources);
    assert.deepEqual(loaded(['--config=x'], printed).config, config);
  }
});

test('each setting is printed with its source', () => {
  const { config, sources } = loaded(ARGV);
  const lines = printConfig(config, sources).trimEnd().split('\n');
  assert.equal(lines.length, keySpecs.length);
  assert.match(lines.find((line) => line.startsWith('max-body:')) ?? '', /^max-body: 1025 +# flag$/);
  assert.match(lines.find((line) => line.startsWith('retention:')) ?? '', /^retention: 1h +# default$/);
});

test('a password is printed nowhere', () => {
  const { config, sources } = loaded(['--queue=redis/ann:hunter2@h']);
  assert.ok(config.queue.kind !== 'list' && config.queue.password === 'hunter2');
  assert.doesNotMatch(printConfig(config, sources), /hunter2/);
  assert.doesNotMatch(JSON.stringify(redactConfig(config)), /hunter2/);
  assert.equal(redactConfig(config)['queue'], 'redis/ann:***@h:6379/0');
});

test('a secret is printed nowhere, whatever is wrong with it, and what stands in its place is not taken for one', () => {
  const { config, sources } = loaded(['--admin-key=hunter2']);
  assert.equal(config.adminKey, 'hunter2');
  assert.match(printConfig(config, sources), /^admin-key: "\*\*\*" +# flag$/m);
  assert.equal(redactConfig(config)['admin-key'], '***');
  for (const wrong of ['', 'hunter2 hunter2', 'hunter2'.repeat(1000), 'hunter2\0', '***']) {
    const result = loadConfig({ argv: [`--admin-key=${wrong}`], env: {}, readFile: () => '' });
    assert.ok(!result.ok, wrong);
    assert.match(result.errors.join('\n'), /^flag --admin-key: (must be text of 1 to 1024 bytes|is \*\*\*, which)/);
    assert.doesNotMatch(result.errors.join('\n'), /hunter2/);
  }
  for (const [name, value] of [
    ['a map', 'admin-key: {hunter2: 1}'],
    ['a list', 'admin-key: [hunter2]'],
    ['twice', 'admin-key: hunter2\nadmin-key: hunter2'],
  ] as const) {
    const result = loadConfig({ argv: ['--config=x'], env: {}, readFile: () => value });
    assert.ok(!result.ok, name);
    assert.doesNotMatch(result.errors.join('\n'), /hunter2/, name);
  }
});
