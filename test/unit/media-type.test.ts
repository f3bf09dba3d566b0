import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import { readMediaType } from '../../src/ingress/media-type.ts';

function read(contentType: string | undefined, headers: IncomingHttpHeaders = {}) {
  return readMediaType(contentType === undefined ? headers : { 'content-type': contentType, ...headers });
}

test('JSON and NDJSON are told apart, in any writing', () => {
  for (const type of [
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    ' application/json ;charset="UTF-8"',
  ]) {
    assert.deepEqual(read(type), { format: 'json' }, type);
  }
  for (const type of [
    'application/x-ndjson',
    'application/ndjson',
    'application/jsonl',
    'application/x-ndjson;charset=utf8',
  ]) {
    assert.deepEqual(read(type), { format: 'ndjson' }, type);
  }
});

test('everything else is refused with a sentence that says what to send', () => {
  for (const type of [
    undefined,
    '',
    ';',
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json+x',
    'application/jso',
  ]) {
    const result = read(type);
    assert.match('refusal' in result ? result.refusal : '', /send application\/json or application\/x-ndjson\.$/, type);
  }
  for (const name of ['__proto__', 'constructor', 'toString']) assert.ok('refusal' in read(name), name);
});

test('another charset is refused', () => {
  for (const charset of ['utf-16', 'latin1', '"iso-8859-1"', '']) {
    const result = read(`application/json; charset=${charset}`);
    assert.match('refusal' in result ? result.refusal : '', /^The charset .*is not read; send UTF-8\.$/, charset);
  }
});

test('an encoded body is refused, one that is not is taken', () => {
  for (const encoding of ['gzip', 'br', 'deflate, gzip', 'x']) {
    const result = read('application/json', { 'content-encoding': encoding });
    assert.match('refusal' in result ? result.refusal : '', /^A body with Content-Encoding/, encoding);
  }
  assert.deepEqual(read('application/json', { 'content-encoding': 'identity' }), { format: 'json' });
});

test('what is repeated in a refusal is short and printable', () => {
  const result = read(`text/${'x'.repeat(5000)}`);
  assert.ok('refusal' in result && result.refusal.length < 200);
  const odd = read('text/\u00e9\u0007');
  assert.ok('refusal' in odd && odd.refusal.includes('text/??'));
});
