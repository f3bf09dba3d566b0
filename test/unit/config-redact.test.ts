import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneLine, redactCredentials, showName, showValue } from '../../src/config/redact.ts';

test('whatever stands before the last @ is hidden', () => {
  for (const text of ['redis/:secret@h:1/0', 'secret@h:1/0', 'a://u:secret@x:sec/ret@h:1/0', 'se\ncret@h:1/0']) {
    assert.equal(redactCredentials(text), '***@h:1/0', text);
  }
  assert.equal(redactCredentials('redis/h:1'), 'redis/h:1');
});

test('a value is shown on one line, shortened, by its kind', () => {
  assert.equal(showValue('abc'), '"abc"');
  assert.equal(showValue('a\nb'), '"a\\nb"');
  assert.equal(showValue(''), '""');
  assert.equal(showValue(12), '12');
  assert.equal(showValue(true), 'true');
  assert.equal(showValue(null), 'nothing');
  assert.equal(showValue([1]), 'a list');
  assert.equal(showValue(new Map()), 'a map');
  assert.equal(showValue('x'.repeat(1000)).length, 65);
});

test('a name is bare where it can be', () => {
  assert.equal(showName('--port'), '--port');
  assert.equal(showName('a b'), '"a b"');
  assert.equal(showName('--x\u001b[31m\n'), '"--x\\u001b[31m\\n"');
  assert.equal(showName(''), '""');
});

test('text from elsewhere becomes one line without credentials', () => {
  assert.equal(oneLine('a\r\nb\u2028c\u0007d'), 'a b c d');
  assert.equal(oneLine('unexpected redis/:secret@h'), '***@h');
  assert.equal(oneLine('h/m?sentinel-user=x&sentinel-password=secret&y'), 'h/m?sentinel-user=x&sentinel-password=***');
});
