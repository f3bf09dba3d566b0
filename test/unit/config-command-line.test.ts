import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCommandLine } from '../../src/config/command-line.ts';

function values(...argv: string[]): Record<string, unknown> {
  const line = readCommandLine(argv);
  assert.deepEqual(line.errors, [], argv.join(' '));
  return Object.fromEntries(line.entries.map(({ key, raw }) => [key, raw]));
}

function errors(...argv: string[]): readonly string[] {
  return readCommandLine(argv).errors;
}

test('a flag may have one dash or two, an equals sign or a space', () => {
  for (const argv of [['--port=1'], ['--port', '1'], ['-port=1'], ['-port', '1']]) {
    assert.deepEqual(values(...argv), { port: '1' });
  }
  assert.deepEqual(values('-port', '3210', '-queue', 'list'), { port: '3210', queue: 'list' });
  assert.deepEqual(values('--queue=redis/:a=b@h'), { queue: 'redis/:a=b@h' });
  assert.deepEqual(values('--origins='), { origins: '' });
  assert.deepEqual(values('--port', '-1'), { port: '-1' });
});

test("the predecessor's -post is the port", () => {
  for (const argv of [['-post=3210'], ['--post=3210'], ['-post', '3210'], ['--post', '3210']]) {
    assert.deepEqual(values(...argv), { port: '3210' });
  }
});

test('a boolean flag needs no value and takes none from the next word', () => {
  assert.deepEqual(values('--insecure'), { insecure: 'true' });
  assert.deepEqual(values('--insecure=false'), { insecure: 'false' });
  assert.deepEqual(values('--no-insecure'), { insecure: 'false' });
  assert.deepEqual(values('-insecure', 'serve'), { insecure: 'true' });
  assert.deepEqual(errors('--insecure', 'false'), [
    'flag --insecure: takes its value after an equals sign: --insecure=false',
  ]);
  assert.deepEqual(errors('--no-insecure=true'), ['flag --no-insecure: takes no value']);
});

test('the first word is the command; without one it is serve', () => {
  const command = (...argv: string[]) => readCommandLine(argv).command;
  assert.equal(command(), 'serve');
  assert.equal(command('serve', '--port=1'), 'serve');
  assert.equal(command('--port', '1', 'config'), 'config');
  assert.equal(command('--', 'config'), 'config');
  assert.equal(command('version'), 'version');
  assert.equal(command('help'), 'help');
});

test('--help and --version are answered whatever else is wrong', () => {
  for (const flag of ['--help', '-help', '-h']) {
    assert.equal(readCommandLine(['serve', '--prot=1', flag]).command, 'help');
    assert.equal(readCommandLine(['--port', flag]).command, 'help');
  }
  assert.equal(readCommandLine(['--version']).command, 'version');
  assert.equal(readCommandLine(['-version', 'nonsense']).command, 'version');
  assert.equal(readCommandLine(['--version', '--help']).command, 'help');
});

test('an unknown flag or command is one line with the nearest name', () => {
  assert.deepEqual(errors('--prot=3210'), ['unknown flag --prot; did you mean --port?']);
  assert.deepEqual(errors('--prot', '3210'), ['unknown flag --prot; did you mean --port?']);
  assert.deepEqual(errors('-quue=list'), ['unknown flag -quue; did you mean --queue?']);
  assert.deepEqual(errors('--max-body-bytes=1'), ['unknown flag --max-body-bytes; did you mean --max-body?']);
  assert.deepEqual(errors('--hlep'), ['unknown flag --hlep; did you mean --help?']);
  assert.deepEqual(errors('--no-port'), ['unknown flag --no-port; tidings --help lists what there is']);
  assert.deepEqual(errors('--not-insecure'), ['unknown flag --not-insecure; did you mean --no-insecure?']);
  assert.deepEqual(errors('--verbose'), ['unknown flag --verbose; tidings --help lists what there is']);
  assert.deepEqual(errors('srve'), ['unknown command srve; did you mean serve?']);
  assert.deepEqual(errors('serve', 'x', 'y'), ['unexpected argument x', 'unexpected argument y']);
  assert.deepEqual(errors(''), ['unknown command ""; tidings --help lists what there is']);
});

test('names of Object.prototype are no flags and no commands', () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    assert.equal(errors(`--${name}=1`).length, 1, name);
    assert.equal(errors(name).length, 1, name);
  }
});

test('a flag without its value says how to write it', () => {
  assert.deepEqual(errors('--port'), ['flag --port: needs a value: --port=PORT']);
  assert.deepEqual(errors('--port', '--host=::1'), ['flag --port: needs a value: --port=PORT']);
  assert.deepEqual(errors('-post'), ['flag -post: needs a value: -post=PORT']);
});

test('the same flag with different values is an error, with the same value it is not', () => {
  assert.deepEqual(errors('--port=1', '--port=2'), [
    'flag --port: is given more than once, with different values; give it once',
  ]);
  assert.deepEqual(errors('--port=1', '-post=2'), [
    'flag -post: is given together with flag --port, with different values; give it once',
  ]);
  assert.deepEqual(errors('--insecure', '--no-insecure'), [
    'flag --no-insecure: is given together with flag --insecure, with different values; give it once',
  ]);
  assert.deepEqual(values('--port=1', '--post', '1'), { port: '1' });
});

test('the file is not one of the entries', () => {
  const line = readCommandLine(['--config=a.yaml', '--port=1']);
  assert.equal(line.configFile, 'a.yaml');
  assert.deepEqual(line.entries, [{ key: 'port', label: 'flag --port', raw: '1' }]);
});

test('no line repeats a password or breaks', () => {
  const lines = errors('redis/:hunter2@h', 'x/:hunter2@h\ny', '--a\nb', '--prot', 'redis/:hunter2@h', '-c:hunter2@h');
  assert.equal(lines.length, 5);
  assert.doesNotMatch(lines.join(''), /hunter2|\n/);
});
