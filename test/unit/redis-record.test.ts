import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeAnnouncement, decodeEntry, decodeOwnEntry, encodeEntry } from '../../src/journal/redis-record.ts';
import { nastyPushes, sampleMessage } from '../contract/sample-message.ts';

const messages = [
  ...nastyPushes.map((push) => sampleMessage({ push })),
  sampleMessage({ uids: null, fingerprint: 'abc_-', retracts: 1795000000000000, expiresAtMs: 8_640_000_000_000_000 }),
  sampleMessage({ uids: ['a\nb', '\r', '"', '\\', '', '__proto__', '漢字', '\u2028', '["1"]'], type: 'a\n"b' }),
  sampleMessage({ id: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', uids: [] }),
  sampleMessage({ push: '' }),
];
const texts = messages.map(encodeEntry);

test('an entry is three lines, and comes back from them', () => {
  messages.forEach((message, index) => {
    const text = texts[index] ?? '';
    assert.equal(text.split('\n').length, 3);
    assert.deepEqual(decodeEntry(7, text), { mid: 7, message });
  });
});

test('an entry as its reader is given it names nobody else', () => {
  const message = sampleMessage({ uids: ['1', '2'] });
  const [, meta = '', push = ''] = encodeEntry(message).split('\n');
  assert.deepEqual(decodeOwnEntry(7, '2', meta, push), { mid: 7, message: { ...message, uids: ['2'] } });
  assert.deepEqual(decodeOwnEntry(7, null, meta, push), { mid: 7, message: { ...message, uids: null } });
  assert.equal(decodeOwnEntry(7, '2', '[]', push), undefined);
});

test('an announcement gives its entries with their mids', () => {
  const text = `1795000000000000 1795000000000007 ${messages.length}\n${texts.join('\n')}`;
  assert.deepEqual(decodeAnnouncement(text), {
    before: 1795000000000000,
    entries: messages.map((message, index) => ({ mid: 1795000000000007 + index, message })),
  });
});

const [uids = '', meta = '', push = ''] = encodeEntry(sampleMessage()).split('\n');
const strangeEntries = [
  '',
  '\n',
  '\n\n',
  `${uids}\n${meta}`,
  `${uids}\n${meta}\n${push}\n`,
  `1\n${meta}\n${push}`,
  `[1]\n${meta}\n${push}`,
  `["1"\n${meta}\n${push}`,
  `\n${meta}\n${push}`,
  `${uids}\n[]\n${push}`,
];

test('what is not an entry is not read as one', () => {
  for (const text of strangeEntries) {
    assert.equal(decodeEntry(7, text), undefined, text);
    assert.equal(decodeAnnouncement(`1 2 1\n${text}`), undefined, text);
  }
});

test('what is not an announcement is not read as one', () => {
  const heads = [
    '',
    '1',
    '1 2',
    '1 2 2',
    '1 2 0',
    '2 2 1',
    '3 2 1',
    '-1 2 1',
    '1 2 1 1',
    'a b c',
    '1.5 2 1',
    '1 1e99 1',
  ];
  const entry = `${uids}\n${meta}\n${push}`;
  for (const head of heads) assert.equal(decodeAnnouncement(`${head}\n${entry}`), undefined, head);
  assert.equal(decodeAnnouncement(''), undefined);
  assert.equal(decodeAnnouncement(`1 2 1\n${entry}`)?.entries.length, 1);
});
