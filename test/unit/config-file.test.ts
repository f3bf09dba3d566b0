import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfigFile } from '../../src/config/file.ts';

function read(text: string) {
  return readConfigFile('t.yaml', () => text);
}

test('names map to values of any kind', () => {
  const reading = read('port: 3211\nmax-body: 1MiB # a comment\ninsecure: true\norigins:\n  - "*"\nhost:\n');
  assert.deepEqual(reading.errors, []);
  assert.deepEqual(
    reading.entries.map(({ key, raw }) => [key, raw]),
    [
      ['port', 3211],
      ['maxBodyBytes', '1MiB'],
      ['insecure', true],
      ['origins', ['*']],
      ['host', null],
    ],
  );
  assert.equal(reading.entries[1]?.label, 'file t.yaml: max-body');
});

test('an empty file says nothing', () => {
  for (const text of ['', '# only a comment\n', '---\n', '\uFEFF', 'null']) {
    assert.deepEqual(read(text), { entries: [], errors: [] }, JSON.stringify(text));
  }
});

test('an unknown key is one line with the nearest name', () => {
  assert.deepEqual(read('prot: 1\nmaxBodyBytes: 2\nmax_body: 2\n__proto__: 3\n12: 4\npost: 5\nconfig: x\n').errors, [
    'file t.yaml: unknown key prot; did you mean port?',
    'file t.yaml: unknown key maxBodyBytes; did you mean max-body?',
    'file t.yaml: unknown key max_body; did you mean max-body?',
    'file t.yaml: unknown key __proto__; tidings --help lists what there is',
    'file t.yaml: unknown key 12; tidings --help lists what there is',
    'file t.yaml: unknown key post; did you mean port?',
    'file t.yaml: unknown key config; tidings --help lists what there is',
  ]);
});

test('a syntax error is one line with its line number', () => {
  const table: readonly (readonly [string, RegExp])[] = [
    ['port: 1\nqueue: [\nhost: x\n', /^file t\.yaml: is not valid YAML, line 3: [^\n]+$/],
    ['port: 1\n\nport: 2\n', /^file t\.yaml: is not valid YAML, line 3: Map keys must be unique$/],
    ['port: 1\n---\nport: 2\n', /line 2: /],
    ['port: 1\n\tx: 2', /line 2: /],
    ['a: "', /line 1: /],
    ['port: !!secret 1', /line 1: Unresolved tag/],
    ['port: *nowhere', /is not valid YAML: Unresolved alias/],
  ];
  for (const [text, pattern] of table) {
    const { entries, errors } = read(text);
    assert.deepEqual(entries, []);
    assert.equal(errors.length, 1, text);
    assert.match(errors[0] ?? '', pattern);
  }
});

test('a syntax error does not repeat a password', () => {
  const texts = [
    'queue: redis/:hunter2@h: 1',
    'queue: @redis/:hunter2@h',
    'queue: *redis/:hunter2@h',
    'queue: |redis/:hunter2@h',
    'queue: |hunter2',
    'queue: !hunter2 x',

    '"redis/:hunter2@h" x',
  ];
  for (const text of texts) {
    const { errors } = read(text);
    assert.equal(errors.length, 1, text);
    assert.doesNotMatch(errors[0] ?? '', /hunter2/);
  }
});

test('what is not a map is one line', () => {
  for (const text of ['- port', 'port', '12', 'true']) {
    assert.deepEqual(read(text).errors, ['file t.yaml: must map names to values, as in port: 3210'], text);
  }
});

test('many aliases are refused, not expanded', () => {
  const lines = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
  for (let level = 1; level < 10; level += 1) {
    const [before, name] = [String.fromCharCode(96 + level), String.fromCharCode(97 + level)];
    lines.push(`${name}: &${name} [${`*${before},`.repeat(9)}*${before}]`);
  }
  const { errors } = read(lines.join('\n'));
  assert.equal(errors.length, 1);
  assert.match(errors[0] ?? '', /is not valid YAML: Excessive alias count/);
});

test('a file that cannot be read says why', () => {
  const failing = (code: string) => () => {
    throw Object.assign(new Error(`${code}: no such thing, open 'x'`), { code });
  };
  assert.deepEqual(readConfigFile('x', failing('ENOENT')).errors, ['file x: cannot be read: there is no such file']);
  assert.deepEqual(readConfigFile('x', failing('EACCES')).errors, ['file x: cannot be read: permission denied']);
  assert.deepEqual(readConfigFile('x', failing('EISDIR')).errors, ['file x: cannot be read: it is a directory']);
  assert.deepEqual(readConfigFile('x', failing('EIO')).errors, ['file x: cannot be read: EIO']);
});
