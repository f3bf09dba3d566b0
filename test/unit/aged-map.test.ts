import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgedMap } from '../../src/journal/aged-map.ts';

test('the oldest goes first, by when it was set last, as in a Map from which it is deleted and set', () => {
  const map = new AgedMap<number>();
  const model = new Map<string, number>();
  let state = 7;
  const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
  for (let step = 0; step < 20_000; step += 1) {
    if (random(2) === 0) {
      const key = `k${random(step < 10_000 ? 10_000 : 30)}`;
      map.set(key, step);
      model.delete(key);
      model.set(key, step);
    } else if (step % 7 !== 0) {
      const [first] = model;
      assert.equal(map.oldest, first?.[1]);
      const deleted = map.deleteOldest();
      assert.deepEqual(deleted === undefined ? undefined : [deleted.key, deleted.value], first);
      if (first !== undefined) model.delete(first[0]);
    }
    assert.equal(map.size, model.size);
    const key = `k${random(30)}`;
    assert.equal(map.get(key), model.get(key));
  }
  while (model.size > 0) {
    const [first] = model;
    assert.equal(map.oldest, first?.[1]);
    map.deleteOldest();
    if (first !== undefined) model.delete(first[0]);
  }
  assert.equal(map.deleteOldest(), undefined);
});
