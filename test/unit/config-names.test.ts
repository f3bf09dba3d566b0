import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestName, suggestion, toKebab } from '../../src/config/names.ts';

const known = [
  'port',
  'host',
  'admin-port',
  'max-body',
  'max-client-frame',
  'max-client-frames',
  'log-level',
  'no-insecure',
].map((name) => ({ name, shown: `--${name}` }));

test('a slip of the fingers finds the name', () => {
  const table: readonly (readonly [string, string])[] = [
    ['prot', '--port'],
    ['por', '--port'],
    ['portt', '--port'],
    ['hots', '--host'],
    ['admin-prot', '--admin-port'],
    ['adminport', '--admin-port'],
    ['max-client-farme', '--max-client-frame'],
    ['max-client-frmaes', '--max-client-frames'],
    ['loglevel', '--log-level'],
  ];
  for (const [typed, shown] of table) assert.equal(nearestName(typed, known), shown, typed);
});

test('another way of writing the name finds it', () => {
  for (const typed of ['maxBody', 'MAX_BODY', '--max-body', 'TIDINGS_MAX_BODY', 'Max_Body']) {
    assert.equal(nearestName(typed, known), '--max-body', typed);
  }
  assert.equal(toKebab('maxConnectionsPerUid'), 'max-connections-per-uid');
});

test('a name with words left off or added finds it', () => {
  assert.equal(nearestName('log', known), '--log-level');
  assert.equal(nearestName('max-body-size', known), '--max-body');
});

test('an exact name beats a near one, whatever the order', () => {
  assert.equal(nearestName('max_client_frames', known), '--max-client-frames');
  assert.equal(nearestName('max_client_frames', [...known].reverse()), '--max-client-frames');
});

test('nothing is made up where nothing is near', () => {
  for (const typed of ['', 'x', 'verbose', 'zzzz', 'p', 'a'.repeat(10_000)]) {
    assert.equal(nearestName(typed, known), undefined, typed.slice(0, 20));
  }
  assert.equal(suggestion('verbose', known), 'tidings --help lists what there is');
  assert.equal(suggestion('prot', known), 'did you mean --port?');
});
