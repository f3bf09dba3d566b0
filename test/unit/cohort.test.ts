import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cohort, cohortKey, typeFilter } from '../../src/hub/cohort.ts';
import { createPeer } from './fake-socket.ts';

test('the same view has one key, two views have two', () => {
  assert.equal(cohortKey('plain', ['b', 'a', 'b']), cohortKey('plain', ['a', 'b']));
  assert.equal(cohortKey('plain', ['a', '*']), cohortKey('plain', ['*', 'b']));
  const views = [['a'], ['b'], ['a', 'b'], ['a,b'], ['a b'], ['a","b'], ['a"', '"b'], [''], ['*'], ['**']];
  const keys = views.flatMap((types) => [cohortKey('plain', types), cohortKey('tracked', types)]);
  assert.equal(new Set(keys).size, keys.length);
});

test('a cohort wants the types of its filter, or every one', () => {
  const some = new Cohort('k', 'plain', typeFilter(['a', 'b']));
  assert.deepEqual(
    ['a', 'b', 'c'].map((type) => some.wants(type)),
    [true, true, false],
  );
  const every = new Cohort('k', 'plain', typeFilter(['a', '*']));
  assert.equal(every.wants('anything'), true);
});

test('the last member takes the place of one that leaves', () => {
  const cohort = new Cohort('k', 'plain', null);
  const [a, b, c] = [createPeer('a').connection, createPeer('b').connection, createPeer('c').connection];
  for (const connection of [a, b, c]) cohort.add(connection);
  cohort.remove(a);
  assert.deepEqual(cohort.members, [c, b]);
  assert.equal(a.cohort, null);
  cohort.remove(c);
  cohort.remove(b);
  assert.deepEqual(cohort.members, []);
});
