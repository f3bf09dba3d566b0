import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Drops, keptDrops } from '../../src/ops/drops.ts';

test('what was dropped is remembered with its reason, place and time; the last word of an id counts', () => {
  let now = 1000.7;
  const drops = new Drops(() => now);
  drops.add('a', 'expired', 'append');
  assert.deepEqual(drops.get('a'), { reason: 'expired', where: 'append', atMs: 1000 });
  now = 2000;
  drops.add('a', 'cancelled', 'queue');
  assert.deepEqual(drops.get('a'), { reason: 'cancelled', where: 'queue', atMs: 2000 });
  assert.equal(drops.get('b'), undefined);
  assert.equal(drops.get('__proto__'), undefined);
});

test('only so many are remembered: the oldest go first, and one that comes again is new', () => {
  const drops = new Drops(() => 1);
  for (let index = 0; index < keptDrops; index += 1) drops.add(`m${index}`, 'lost', 'append');
  drops.add('m0', 'lost', 'append');
  drops.add('one more', 'expired', 'hub');
  assert.equal(drops.get('m1'), undefined);
  for (const id of ['m0', 'm2', `m${keptDrops - 1}`, 'one more']) assert.ok(drops.get(id) !== undefined, id);
});
