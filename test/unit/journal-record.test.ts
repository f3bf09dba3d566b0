import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeRecord, decodeRecords, encodeRecord, encodeRecords } from '../../src/journal/record.ts';
import { nastyPushes, sampleMessage } from '../contract/sample-message.ts';

const messages = [
  ...nastyPushes.map((push) => sampleMessage({ push })),
  sampleMessage({ uids: null, fingerprint: 'abc_-', retracts: 1795000000000000, expiresAtMs: 8_640_000_000_000_000 }),
  sampleMessage({ uids: ['a\nb', '\r', '"', '\\', '', '__proto__', '漢字', '\u2028'], type: 'a\n"b' }),
  sampleMessage({ id: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', uids: [] }),
  sampleMessage({ push: '' }),
];

test('a record is two texts without a line end, and the message comes back from it', () => {
  for (const message of messages) {
    const record = encodeRecord(message);
    assert.doesNotMatch(record.meta, /[\r\n]/);
    assert.equal(record.push, message.push);
    assert.deepEqual(decodeRecord(record), message);
  }
});

test('many records come back from one text', () => {
  assert.deepEqual(decodeRecords(encodeRecords(messages)), messages);
});

test('a push with a line end is refused: it would break the lines of others', () => {
  assert.throws(() => encodeRecord(sampleMessage({ push: '{"a":\n1}' })), TypeError);
});

const strangeMetas = [
  '',
  'null',
  '0',
  '{}',
  '[]',
  '["id"]',
  '["id","type","0",0,"",0]',
  '["id","type",0]',
  '["id","type",0,0,""]',
  '["id","type",0,0,0,0]',
  '["id","type",0,0,"","0"]',
  '["id","type",0,"1","",0]',
  '["id","type",0,[1],"",0]',
  '["id","type",0,{},"",0]',
  '[1,"type",0,0,"",0]',
  '["id","type",0,0,"",0',
];

test('what is not a record is not read as one', () => {
  for (const meta of strangeMetas) {
    assert.equal(decodeRecord({ meta, push: '{}' }), undefined, meta);
    assert.equal(decodeRecords(`${meta}\n{}`), undefined, meta);
  }
  assert.equal(decodeRecords(encodeRecord(sampleMessage()).meta), undefined);
});
