import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, formatDurationMs, parseBytes, parseDurationMs } from '../../src/config/units.ts';

test('a duration is a whole number with its unit', () => {
  const table: readonly (readonly [string, number])[] = [
    ['500ms', 500],
    ['20s', 20_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['1 s', 1000],
    ['0', 0],
    ['0s', 0],
  ];
  for (const [text, ms] of table) assert.equal(parseDurationMs(text), ms, text);
});

test('a duration without a unit, with another unit or with a fraction is none', () => {
  for (const text of [
    '',
    '25',
    '25000',
    '1.5s',
    '-1s',
    '1d',
    '1M',
    '1S',
    's',
    '1h30m',
    '1e3s',
    ' 1s',
    '9999999999999s',
  ]) {
    assert.equal(parseDurationMs(text), undefined, text);
  }
});

test('every byte prefix is a power of 1024', () => {
  const table: readonly (readonly [string, number])[] = [
    ['1048576', 1_048_576],
    ['64k', 65_536],
    ['64kb', 65_536],
    ['64KB', 65_536],
    ['64KiB', 65_536],
    ['1MiB', 1_048_576],
    ['1m', 1_048_576],
    ['2GiB', 2_147_483_648],
    ['100b', 100],
    ['1 MiB', 1_048_576],
    ['0', 0],
  ];
  for (const [text, bytes] of table) assert.equal(parseBytes(text), bytes, text);
});

test('what is not a whole number of bytes is none', () => {
  for (const text of [
    '',
    'b',
    '-1',
    '1.5k',
    '1ib',
    '1kk',
    '1tb',
    '0x10',
    '1e3',
    '1_000',
    '9007199254740993',
    '99999999999999g',
  ]) {
    assert.equal(parseBytes(text), undefined, text);
  }
});

test('a formatted value is the shortest exact spelling and is read back', () => {
  assert.deepEqual([0, 500, 1500, 90_000, 120_000, 3_600_000].map(formatDurationMs), [
    '0s',
    '500ms',
    '1500ms',
    '90s',
    '2m',
    '1h',
  ]);
  assert.deepEqual([0, 1000, 4096, 1_048_576, 3 * 1024 ** 3].map(formatBytes), ['0', '1000', '4KiB', '1MiB', '3GiB']);
  for (let value = 0; value < 5_000_000; value += 7919) {
    assert.equal(parseDurationMs(formatDurationMs(value)), value);
    assert.equal(parseBytes(formatBytes(value)), value);
  }
});
