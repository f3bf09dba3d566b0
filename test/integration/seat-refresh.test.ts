import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { seatName } from '../../src/auth/standing-source.ts';
import { openClient } from '../contract/redis-client.ts';
import { startRedis } from '../support/redis.ts';
import { openRedisTruth } from './redis-truth.ts';

// The seats of a uid go by themselves after an hour in which nobody has refreshed them. Time passes here by looks, and by ends that are
// brought near.

const redis = await startRedis({ after });

/** How many looks a round of refreshing takes, and the end that a refreshed seat has at least. */
const looks = 120;
const hourMs = 3_600_000;
const nearMs = 600_000;

async function createRun(t: TestContext, prefix: string) {
  const seats = new Map<string, string>();
  const truth = await openRedisTruth(t, redis, { prefix, seats });
  const client = openClient(t, redis.url);
  const keyOf = (uid: string): string => `${prefix}:seats:${uid}`;
  let taken = 0;
  await truth.news();
  return {
    keyOf,
    client,
    async look(times: number): Promise<void> {
      for (let looked = 0; looked < times; looked += 1) await truth.news();
    },
    async come(uid: string): Promise<string> {
      const seat = seatName(Date.now(), (taken += 1));
      seats.set(seat, uid);
      const { state } = await truth.enter({ uid, seat, issuedAtMs: null, limit: 3, replaces: false });
      assert.equal(state, 'in');
      return seat;
    },
    leave(uid: string, seat: string): void {
      seats.delete(seat);
      truth.leave(uid, seat);
    },
    /** Of each of these uids, whether its seats are kept for about an hour again. */
    async areFresh(uids: readonly string[]): Promise<boolean[]> {
      return Promise.all(uids.map(async (uid) => (await client.pttl(keyOf(uid))) > hourMs - nearMs));
    },
    async bringNear(uids: readonly string[]): Promise<void> {
      await Promise.all(uids.map((uid) => client.pexpire(keyOf(uid), nearMs)));
    },
  };
}

const uidsUpTo = (count: number): string[] => Array.from({ length: count }, (_, uid) => `u${uid}`);

for (const count of [1, 3, 250]) {
  test(`each of ${count} open seats is kept for another hour within a round of looks, time after time`, async (t) => {
    const run = await createRun(t, `round-${count}`);
    const uids = uidsUpTo(count);
    for (const uid of uids) await run.come(uid);
    for (let round = 0; round < 3; round += 1) {
      await run.bringNear(uids);
      assert.ok(!(await run.areFresh(uids)).includes(true));
      await run.look(looks);
      assert.ok(!(await run.areFresh(uids)).includes(false));
    }
  });
}

test('a round asks little of Redis at a time', async (t) => {
  const run = await createRun(t, 'little');
  const uids = uidsUpTo(240);
  for (const uid of uids) await run.come(uid);
  await run.bringNear(uids);
  await run.look(10);
  assert.equal((await run.areFresh(uids)).filter(Boolean).length, 20);
});

test('whoever stays has his turn, however many come and go meanwhile', async (t) => {
  const run = await createRun(t, 'crowd');
  const staying = uidsUpTo(5);
  for (const uid of staying) await run.come(uid);
  for (let round = 0; round < 3; round += 1) {
    await run.bringNear(staying);
    let left: (readonly [string, string])[] = [];
    // More come between two looks than are refreshed in one.
    for (let looked = 0; looked < 2 * looks; looked += 1) {
      const come: (readonly [string, string])[] = [];
      for (let crowd = 0; crowd < 3; crowd += 1) {
        const uid = `passing-${looked}-${crowd}`;
        come.push([uid, await run.come(uid)]);
      }
      for (const [uid, seat] of left) run.leave(uid, seat);
      left = come;
      await run.look(1);
    }
    assert.deepEqual(await run.areFresh(staying), [true, true, true, true, true]);
  }
});

test('a seat that was forgotten all the same is taken again, by its time and its name, and one that was left is not', async (t) => {
  const run = await createRun(t, 'again');
  const { client, keyOf } = run;
  await run.come('1');
  const seat = await run.come('2');
  const before = await client.zrange(keyOf('1'), 0, '-1', 'WITHSCORES');
  assert.equal(before.length, 2);
  await client.del(keyOf('1'), keyOf('2'));
  run.leave('2', seat);
  await run.look(looks);
  assert.deepEqual(await client.zrange(keyOf('1'), 0, '-1', 'WITHSCORES'), before);
  assert.equal(await client.exists(keyOf('2')), 0);
});
