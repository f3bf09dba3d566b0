import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFinder, type FoundServer } from '../../src/journal/redis-finder.ts';

const a: FoundServer = { host: 'a', port: 1, id: 'A' };
const aByAnotherName: FoundServer = { host: '10.0.0.1', port: 1, id: 'A' };
const b: FoundServer = { host: 'b', port: 1, id: 'B' };

/** A search that answers what it is told to, when it is told to. */
function createSearch() {
  const waiting: { resolve: (found: FoundServer) => void; reject: (error: Error) => void }[] = [];
  let hint: (() => void) | undefined;
  const finder = createFinder({
    name: 'the Redis',
    look: () => new Promise((resolve, reject) => waiting.push({ resolve, reject })),
    watch(onHint) {
      assert.equal(hint, undefined, 'watched once');
      hint = onHint;
      return () => (hint = undefined);
    },
  });
  const settle = async (found: FoundServer | Error): Promise<void> => {
    const asked = waiting.shift();
    if (found instanceof Error) asked?.reject(found);
    else asked?.resolve(found);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    finder,
    settle,
    looks: () => waiting.length,
    isWatched: () => hint !== undefined,
    hint: async () => {
      hint?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
    async found(server: FoundServer) {
      const finding = finder.find();
      await settle(server);
      return finding;
    },
  };
}

test('who asks while it is being looked for shares the answer, and who asks later has it looked for anew', async () => {
  const { finder, settle, looks } = createSearch();
  const both = [finder.find(), finder.find()];
  assert.equal(looks(), 1);
  await settle(a);
  assert.deepEqual(await Promise.all(both), [a, a]);
  const later = finder.find();
  assert.equal(looks(), 1);
  await settle(b);
  assert.equal(await later, b);
  assert.equal(finder.current(), b);
});

test('a failure is not remembered, and the last server is', async () => {
  const { finder, settle, found } = createSearch();
  await found(a);
  const failing = finder.find();
  const rejected = assert.rejects(failing, /nobody/);
  await settle(new Error('nobody'));
  await rejected;
  assert.equal(finder.current(), a);
  assert.equal(await found(b), b);
});

test('everybody at another server is sent away, once; who is at the same one by another name is not', async () => {
  const { finder, found } = createSearch();
  const moved: string[] = [];
  await found(a);
  finder.use(a, () => moved.push('one'));
  finder.use(a, () => moved.push('two'));
  finder.use(a, () => moved.push('left'))();
  await found(aByAnotherName);
  assert.deepEqual(moved, []);
  await found(b);
  assert.deepEqual(moved, ['one', 'two']);
  await found(a);
  await found(b);
  assert.deepEqual(moved, ['one', 'two']);
});

test('who comes with a server that is not the current one any more is sent away at once', async () => {
  const { finder, found, isWatched } = createSearch();
  await found(a);
  await found(b);
  let moved = 0;
  finder.use(a, () => (moved += 1));
  assert.equal(moved, 1);
  assert.equal(isWatched(), false);
});

test('it is watched while somebody is there, and a hint has it looked for after what is under way', async () => {
  const { finder, found, settle, looks, isWatched, hint } = createSearch();
  await found(a);
  assert.equal(isWatched(), false);
  let moved = 0;
  const leave = finder.use(a, () => (moved += 1));
  const leaveToo = finder.use(a, () => {});
  assert.equal(isWatched(), true);
  leaveToo();
  const underWay = finder.find();
  await hint();
  assert.equal(looks(), 1);
  await settle(a);
  assert.equal(await underWay, a);
  assert.equal(looks(), 1);
  await settle(b);
  assert.equal(moved, 1);
  assert.equal(isWatched(), false);
  leave();
  assert.equal(isWatched(), false);
});
