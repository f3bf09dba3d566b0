import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';

/** What becomes of `--backup-of=…`. */
function read(value: string): string | null {
  const loaded = loadConfig({ argv: [`--backup-of=${value}`], env: {}, readFile: () => '' });
  return loaded.ok ? loaded.config.backupOf : loaded.errors.join('\n');
}

test('an address is kept without a slash at its end', () => {
  assert.equal(read('http://primary:3210'), 'http://primary:3210');
  assert.equal(read('HTTP://Primary:3210/'), 'http://primary:3210');
  assert.equal(read('https://tidings.example/below/'), 'https://tidings.example/below');
  assert.equal(read('http://[::1]:3210'), 'http://[::1]:3210');
  assert.equal(read('none'), null);
});

test('what is no address is refused, and so is a password, which is not shown', () => {
  for (const value of ['', 'primary', 'primary:3210', 'ftp://primary', 'http://', 'http://a/?b', 'http://a/#b'])
    assert.match(
      String(read(value)),
      /must be the address of an instance \(http:\/\/primary:3210\), or none, not /,
      value,
    );
  const refused = String(read('http://admin:secret@primary:3210'));
  assert.match(refused, /must not hold a user or a password/);
  assert.doesNotMatch(refused, /secret/);
});
