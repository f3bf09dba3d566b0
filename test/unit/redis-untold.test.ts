import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTold } from '../../src/journal/redis-untold.ts';

/** A server that keeps these, in pages of three. */
function server(...kept: number[]) {
  const asked: number[] = [];
  return {
    asked,
    midsBefore: async (through: number): Promise<number[]> => {
      asked.push(through);
      return kept
        .filter((mid) => mid <= through)
        .reverse()
        .slice(0, 3);
    },
  };
}

function toldOf(...mids: number[]) {
  const told = createTold();
  for (const mid of mids) told.note(mid);
  return told;
}

test('one history: nothing is untold, and one page shows it', async () => {
  const { midsBefore, asked } = server(1, 2, 3, 4, 5, 6, 7);
  assert.equal(await toldOf(1, 2, 3, 4, 5, 6, 7).oldestUntold(7, midsBefore), undefined);
  assert.deepEqual(asked, [7]);
});

test('what the server lost is not untold, nor what it numbered above', async () => {
  assert.equal(await toldOf(1, 2, 5, 6).oldestUntold(6, server(1, 2, 7, 8).midsBefore), undefined);
});

test('the oldest that another server numbered below is found, however many pages back', async () => {
  const told = toldOf(10, 20, 30, 100);
  assert.equal(await told.oldestUntold(100, server(10, 20, 30, 40).midsBefore), 40);
  assert.equal(await told.oldestUntold(100, server(10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 110).midsBefore), 40);
  assert.equal(await told.oldestUntold(100, server(20, 25, 30, 99).midsBefore), 99);
});

test('an instance that was told nothing since it began knows where it began', async () => {
  assert.equal(await toldOf(10).oldestUntold(10, server(5, 7).midsBefore), undefined);
  assert.equal(await toldOf(10, 30).oldestUntold(30, server(5, 7, 20).midsBefore), 20);
  assert.equal(await toldOf().oldestUntold(10, server(5).midsBefore), undefined);
});

test('a server that has nothing in common with what is remembered is asked to its end', async () => {
  assert.equal(await toldOf(10, 30).oldestUntold(30, server(15, 16, 17, 18, 19, 20, 21).midsBefore), 15);
});

test('what was told long ago is forgotten, and the newest 65,536 are not', async () => {
  const told = createTold();
  for (let mid = 1; mid <= 131_073; mid += 1) told.note(2 * mid);
  const oldest = 2 * (131_073 - 65_535);
  assert.equal(await told.oldestUntold(262_146, server(oldest + 1).midsBefore), oldest + 1);
  assert.equal(await told.oldestUntold(262_146, server(3).midsBefore), undefined);
});
