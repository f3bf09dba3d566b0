import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneSlotPrefix } from '../../src/journal/redis-cluster.ts';

/** What Redis hashes of a key: between the first `{` and the first `}` after it, unless that is empty or missing. */
function hashedPart(key: string): string {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}

test('all keys of a prefix are in one slot, and a prefix that says its slot keeps it', () => {
  for (const prefix of ['tidings', 'a}b', 'a{b', '{}a{b}', '{', '}', '{}', 'a{}b']) {
    const changed = oneSlotPrefix(prefix);
    assert.equal(hashedPart(`${changed}:state`), hashedPart(`${changed}:send:wait`), prefix);
  }
  for (const prefix of ['{tidings}', 'x{y}z', '{a}{}']) assert.equal(oneSlotPrefix(prefix), prefix);
  assert.notEqual(oneSlotPrefix('a'), oneSlotPrefix('b'));
});
