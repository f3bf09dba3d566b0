import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createLaterWrites } from '../../src/journal/redis-later.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Writes that the test lets succeed, fail or wait, on timers of the test. */
function createScene(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const written: { cursors: [string, number][]; units: string[] }[] = [];
  const state = { isAway: false, hold: undefined as Promise<void> | undefined };
  const later = createLaterWrites(async (cursors, units) => {
    written.push({ cursors: [...cursors], units: [...units] });
    await state.hold;
    if (state.isAway) throw new Error('away');
  });
  return {
    later,
    written,
    state,
    async pass(ms: number): Promise<void> {
      t.mock.timers.tick(ms);
      await turn();
    },
  };
}

test('what comes within a moment is written together, of a uid the highest', async (t) => {
  const { later, written, pass } = createScene(t);
  later.acknowledge('a', 1);
  later.acknowledge('b', 5);
  await pass(50);
  later.acknowledge('a', 3);
  later.acknowledge('a', 2);
  later.forget('unit');
  assert.equal(later.waitingCursor('a'), 3);
  assert.deepEqual(written, []);
  await pass(50);
  assert.deepEqual(written, [
    {
      cursors: [
        ['b', 5],
        ['a', 3],
      ],
      units: ['unit'],
    },
  ]);
  assert.equal(later.waitingCursor('a'), 0);
  await pass(10_000);
  assert.equal(written.length, 1);
});

test('what could not be written is written later, and nothing spins meanwhile', async (t) => {
  const { later, written, state, pass } = createScene(t);
  state.isAway = true;
  later.acknowledge('a', 1);
  later.forget('unit');
  for (let passed = 0; passed < 10_000; passed += 100) await pass(100);
  assert.ok(written.length >= 5 && written.length <= 10, `${written.length} tries in 10 s`);
  later.acknowledge('a', 2);
  state.isAway = false;
  await pass(1000);
  assert.deepEqual(written.at(-1), { cursors: [['a', 2]], units: ['unit'] });
  const tries = written.length;
  await pass(10_000);
  assert.equal(written.length, tries);
});

test('what rises while it is written is written again', async (t) => {
  const { later, written, state, pass } = createScene(t);
  let release = (): void => {};
  state.hold = new Promise((resolve) => (release = resolve));
  later.acknowledge('a', 1);
  await pass(100);
  later.acknowledge('a', 2);
  release();
  await turn();
  await pass(100);
  await pass(100);
  assert.deepEqual(
    written.map(({ cursors }) => cursors),
    [[['a', 1]], [['a', 2]]],
  );
});

test('thousands go in parts, and what waits is bounded', async (t) => {
  const { later, written, state, pass } = createScene(t);
  state.isAway = true;
  for (let index = 0; index < 100_500; index += 1) later.acknowledge(`user-${index}`, 1);
  assert.equal(later.waitingCursor('user-499'), 0);
  assert.equal(later.waitingCursor('user-500'), 1);
  state.isAway = false;
  for (let round = 0; round < 300; round += 1) await pass(100);
  assert.ok(written.every(({ cursors }) => cursors.length <= 1000));
  assert.equal(
    written.reduce((sum, { cursors }) => sum + cursors.length, 0),
    100_000,
  );
});

test('a stop writes what waits, once, and gives up what cannot be written', async (t) => {
  for (const isAway of [false, true]) {
    await t.test(isAway ? 'away' : 'there', async (inner) => {
      const { later, written, state, pass } = createScene(inner);
      state.isAway = isAway;
      later.acknowledge('a', 1);
      await later.stop();
      assert.deepEqual(written, [{ cursors: [['a', 1]], units: [] }]);
      await pass(10_000);
      assert.equal(written.length, 1);
    });
  }
});
