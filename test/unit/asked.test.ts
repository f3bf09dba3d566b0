import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Asked } from '../../src/cluster/asked.ts';

/** Longer than the test: only the answers end a question. */
const noEndMs = 60_000;

test('a question ends with the last answer, whether it comes before or after the number of them is known', async () => {
  const asked = new Asked(noEndMs);
  const early = await asked.ask((ask) => {
    asked.replied(ask, 'a', 1);
    asked.replied(ask, 'b', 2);
    return Promise.resolve(2);
  });
  assert.deepEqual(
    [...early],
    [
      ['a', 1],
      ['b', 2],
    ],
  );
  let number = 0;
  const late = asked.ask((ask) => {
    number = ask;
    return Promise.resolve(2);
  });
  await Promise.resolve();
  asked.replied(number, 'a', 1);
  asked.replied(number, 'a', 'again');
  asked.replied(number + 1, 'b', 'of another question');
  asked.replied(number, 'b', 2);
  asked.replied(number, 'c', 'one too many');
  assert.deepEqual(
    [...(await late)],
    [
      ['a', 'again'],
      ['b', 2],
    ],
  );
  asked.replied(number, 'a', 'too late');
});

test('nobody to wait for, or too little time: what has come is given', async () => {
  assert.equal((await new Asked(noEndMs).ask(() => Promise.resolve(0))).size, 0);
  const asked = new Asked(1);
  const answers = await asked.ask((ask) => {
    asked.replied(ask, 'a', 1);
    return Promise.resolve(2);
  });
  assert.deepEqual([...answers], [['a', 1]]);
});

test('a question that cannot be sent is refused', async () => {
  await assert.rejects(
    new Asked(noEndMs).ask(() => Promise.reject(new Error('away'))),
    /away/,
  );
});
