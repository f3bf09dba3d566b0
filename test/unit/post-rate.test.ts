import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { PostRate } from '../../src/auth/post-rate.ts';

const keys = [
  { name: 'three', rate: 3 },
  { name: 'free', rate: 0 },
];

/** The library asks Node's clock. */
function atFixedTime(t: TestContext): (ms: number) => void {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_000_000 });
  return (ms) => t.mock.timers.tick(ms);
}

test('so many posts of a second pass and the next is refused, until the second is over', async (t) => {
  const tick = atFixedTime(t);
  const rate = new PostRate(keys, 0);
  for (let round = 0; round < 3; round += 1) {
    for (let post = 0; post < 3; post += 1) assert.equal(await rate.take('three', 1), undefined);
    const refused = await rate.take('three', 1);
    assert.deepEqual(refused, {
      ok: false,
      code: 'rate_exceeded',
      message: 'This is more than the 3 posts a second of the key three (its rate).',
      retryAfterSeconds: 1,
    });
    tick(999);
    assert.equal((await rate.take('three', 1))?.code, 'rate_exceeded');
    tick(1);
  }
});

test('each envelope of a batch counts, and a batch that is refused takes nothing away', async (t) => {
  atFixedTime(t);
  const rate = new PostRate(keys, 0);
  assert.equal(await rate.take('three', 2), undefined);
  assert.equal((await rate.take('three', 2))?.code, 'rate_exceeded');
  assert.equal(await rate.take('three', 1), undefined);
  assert.equal((await rate.take('three', 1))?.code, 'rate_exceeded');
});

test('a batch that can never pass is not told to come back', async (t) => {
  atFixedTime(t);
  const rate = new PostRate(keys, 0);
  assert.deepEqual(await rate.take('three', 4), {
    ok: false,
    code: 'forbidden',
    message: 'A batch of 4 is more than the 3 posts a second of the key three (its rate): send it in parts.',
  });
  assert.equal(await rate.take('three', 3), undefined);
});

test('in total counts everybody, after the key', async (t) => {
  const tick = atFixedTime(t);
  const rate = new PostRate(keys, 5);
  assert.equal(await rate.take('three', 3), undefined);
  assert.match((await rate.take('three', 1))?.message ?? '', /of the key three/);
  assert.equal(await rate.take('free', 1), undefined);
  assert.equal(await rate.take(null, 1), undefined);
  for (const name of ['free', null]) {
    const refused = await rate.take(name, 1);
    assert.equal(refused?.code, 'rate_exceeded');
    assert.match(refused.message, /the 5 posts a second that are taken from all together \(--max-posts\)/);
  }
  assert.equal((await rate.take('free', 6))?.code, 'forbidden');
  tick(1000);
  assert.equal(await rate.take('free', 5), undefined);
  assert.equal((await rate.take('three', 1))?.code, 'rate_exceeded', 'what the total refuses its key has left');
  tick(1000);
  assert.equal(await rate.take('three', 3), undefined);
});

test('without limits there is nothing to count', async () => {
  const rate = new PostRate([{ name: 'free', rate: 0 }], 0);
  assert.equal(rate.isOn, false);
  for (let post = 0; post < 1000; post += 1) assert.equal(await rate.take('free', 1000), undefined);
  assert.equal(new PostRate(keys, 0).isOn, true);
  assert.equal(new PostRate([], 1).isOn, true);
});
