import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAdminKeys, type AdminKey } from '../../src/config/admin-keys.ts';
import { loadConfig } from '../../src/config/load.ts';
import { printConfig } from '../../src/config/print.ts';

const hash = `sha256:${'A'.repeat(43)}`;
const otherHash = `sha256:${'E'.repeat(43)}`;

function keysOf(raw: unknown): readonly AdminKey[] {
  const parsed = parseAdminKeys(raw);
  return parsed.ok ? parsed.value : assert.fail(parsed.problem);
}

test('a key of which nothing more is said may look, and not change', () => {
  assert.deepEqual(keysOf([{ name: 'a', hash }]), [{ name: 'a', hash, role: 'read', expiresAtMs: 0 }]);
});

test('a key has a role and an end', () => {
  assert.deepEqual(keysOf([{ name: 'a', hash, role: 'write', expires: '2027-01-31' }]), [
    { name: 'a', hash, role: 'write', expiresAtMs: Date.UTC(2027, 0, 31) },
  ]);
});

test('what no admin key has is refused, and nothing of it is repeated but its name', () => {
  const secret = 'hunter2-hunter2-hunter2-hunter2-hunter2';
  for (const [key, problem] of [
    [{ name: 'a' }, 'key a: hash must be text'],
    [{ name: 'a', 'hmac-secret': secret }, 'key a: hash must be text'],
    [{ name: 'a', hash, 'hmac-secret': secret }, 'key a: has no member hmac-secret'],
    [{ name: 'a', hash, all: true }, 'key a: has no member all'],
    [{ name: 'a', hash: secret }, 'key a: hash must be sha256: and 43 characters'],
    [{ name: 'a', hash, role: 'admin' }, 'key a: role must be read or write'],
    [{ name: 'a', hash, role: '' }, 'key a: role must be read or write'],
    [{ name: 'a', hash, role: ['write'] }, 'key a: role must be read or write'],
    [{ name: 'a', hash, expires: 'soon' }, 'key a: expires must be a day'],
    [{ hash }, 'key number 1: name is missing'],
  ] as const) {
    const parsed = parseAdminKeys([key]);
    assert.ok(!parsed.ok, JSON.stringify(key));
    assert.ok(parsed.problem.startsWith(problem), parsed.problem);
    assert.doesNotMatch(parsed.problem, /hunter2/);
  }
});

test('names and hashes stand once each', () => {
  for (const second of [
    { name: 'a', hash: otherHash },
    { name: 'b', hash },
  ])
    assert.equal(parseAdminKeys([{ name: 'a', hash }, second]).ok, false);
  assert.equal(
    keysOf([
      { name: 'a', hash },
      { name: 'b', hash: otherHash },
    ]).length,
    2,
  );
});

test('what is printed of the keys loads again to the same ones', () => {
  const load = (file: string) => loadConfig({ argv: ['--config=x'], env: {}, readFile: () => file });
  const first = load(`admin-keys:\n  - {name: a, hash: '${hash}', role: write, expires: 2027-01-31T12:00:00Z}\n`);
  assert.ok(first.ok, first.ok ? '' : first.errors.join('\n'));
  assert.equal(first.config.adminKeys.length, 1);
  const again = load(printConfig(first.config, first.sources));
  assert.ok(again.ok, again.ok ? '' : again.errors.join('\n'));
  assert.deepEqual(again.config.adminKeys, first.config.adminKeys);
});
