import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Doorkeeper, type Guest, type House } from '../../src/auth/doorkeeper.ts';
import { grantByWord } from '../../src/auth/listener-auth.ts';
import { createLocalEntry } from '../../src/auth/local-entry.ts';
import { createMemoryStanding } from '../../src/auth/memory-standing.ts';
import { SharedEntry } from '../../src/auth/shared-entry.ts';
import type { News, Seating, StandingSource, Verdict } from '../../src/auth/standing-source.ts';
import { forGoodMs, type Action, type Change } from '../../src/auth/standing.ts';
import { Standings } from '../../src/auth/standings.ts';
import { settled } from './hub-run.ts';

interface FakeGuest extends Guest {
  isOpen: boolean;
  code: number;
}

/** An instance at a truth that the test holds, and may take away. */
function createRun(t: TestContext, { uidConnections = 'refuse' as 'refuse' | 'replace' } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const now = (): number => 1000;
  const truth = createMemoryStanding({ standings: new Standings(), now }, { maxShutOut: 10_000 });
  const guests: FakeGuest[] = [];
  const house: House<FakeGuest> = {
    connectionsOf: (uid) => guests.filter((guest) => guest.uid === uid),
    dismiss(guest, code) {
      guest.isOpen = false;
      guest.code = code;
    },
  };
  const counters = { kicked: 0, replaced: 0, uidFull: 0, shutOut: 0 };
  const doorkeeper = new Doorkeeper(
    { house: house as House, now, counters, standings: new Standings() },
    { asksListeners: true },
  );
  const options = { maxConnectionsPerUid: 2, uidConnections };
  const local = createLocalEntry({ doorkeeper, house: house as House, counters }, options);
  const state = { isAway: false, asked: 0, looks: 0 };
  const away = (): Promise<never> => Promise.reject(new Error('planted'));
  let through = -1;
  const left: string[] = [];
  const source: StandingSource = {
    start: () => Promise.resolve(),
    enter(seating: Seating): Promise<Verdict> {
      state.asked += 1;
      return state.isAway ? away() : Promise.resolve(truth.enter(1, seating));
    },
    leave(uid, seat) {
      left.push(seat);
      truth.leave(1, uid, seat);
    },
    ownSeat: (fullName) => (fullName.startsWith('1:') ? fullName.slice(2) : undefined),
    told: () => {},
    news(): Promise<News> {
      state.looks += 1;
      if (state.isAway) return away();
      const news = truth.news(through);
      ({ through } = news);
      return Promise.resolve(news);
    },
    stop: () => Promise.resolve(),
  };
  const seats = new Map<string, string>();
  const said: string[] = [];
  const log = {
    info: (fields: object) => void said.push((fields as { event: string }).event),
    warn: (fields: object) => void said.push((fields as { event: string }).event),
  };
  const told: string[] = [];
  const entry = new SharedEntry(
    {
      source,
      doorkeeper,
      house: house as House,
      local,
      seats,
      tellReplaced: (names) => void told.push(...names),
      counters,
      now,
      log,
    },
    options,
  );
  t.after(() => entry.stop());
  async function come(uid: string, issuedAtMs = 0): Promise<FakeGuest | string> {
    const entered = await entry.enter({ ...grantByWord(uid), issuedAtMs });
    if (!entered.ok) return entered.code;
    const guest = { uid, seat: entered.seat, issuedAtMs, isOpen: true, code: 0 };
    guests.push(guest);
    return guest;
  }
  function leave(guest: FakeGuest | string): void {
    const one = guest as FakeGuest;
    guests.splice(guests.indexOf(one), 1);
    entry.leave(one.uid, one.seat ?? assert.fail());
  }
  const act = async (uid: string, action: Action): Promise<Change> => {
    const change = await truth.act(uid, action);
    return change === 'full' ? assert.fail(change) : change;
  };
  const tick = async (ms: number): Promise<void> => {
    t.mock.timers.tick(ms);
    await settled();
  };
  const codes = (uid: string): number[] => house.connectionsOf(uid).map(({ code }) => code);
  return { entry, truth, state, counters, seats, said, told, left, come, leave, act, tick, codes, doorkeeper };
}

const block: Action = { kind: 'block', untilMs: forGoodMs };

test('what was done before the start is known at it; what is not told is learnt by looking', async (t) => {
  const { entry, come, act, tick, codes, state } = createRun(t);
  await act('1', block);
  await entry.start();
  const { asked } = state;
  assert.equal(await come('1'), 'uid_blocked');
  assert.equal(state.asked, asked, 'nobody has to be asked about who is known to be shut out');
  await come('2');
  await act('2', block);
  await tick(4999);
  assert.deepEqual(codes('2'), [0]);
  await tick(1);
  assert.deepEqual(codes('2'), [4503]);
});

test('a disconnect that was told is carried out once, one that was not is at the next look', async (t) => {
  const { entry, come, act, tick, codes, leave } = createRun(t);
  await entry.start();
  const first = await come('1');
  assert.equal(entry.told(await act('1', { kind: 'disconnect' })), 1);
  leave(first);
  await come('1');
  await tick(5000);
  assert.deepEqual(codes('1'), [0], 'who came back stays');
  await act('1', { kind: 'disconnect' });
  await tick(5000);
  assert.deepEqual(codes('1'), [4100]);
  await tick(5000);
});

test('a change that was undone before it was heard of closes nobody', async (t) => {
  const { entry, come, act, tick, codes } = createRun(t);
  await entry.start();
  await come('1');
  await act('1', block);
  await act('1', { kind: 'unblock' });
  await tick(5000);
  assert.deepEqual(codes('1'), [0]);
});

test('who missed too much is told everything, and forgets what is not so any more', async (t) => {
  const { entry, come, act, tick, doorkeeper } = createRun(t);
  await act('0', block);
  await entry.start();
  assert.equal(await come('0'), 'uid_blocked');
  await act('0', { kind: 'unblock' });
  for (let uid = 1; uid <= 1001; uid += 1) await act(`${uid}`, block);
  await tick(5000);
  assert.equal(doorkeeper.standings.size, 1001);
  assert.equal(typeof (await come('0')), 'object');
  assert.equal(await come('1001'), 'uid_blocked');
});

test('away, an instance goes by what it knows, asks nobody at the door, and comes back by itself', async (t) => {
  const { entry, come, act, tick, state, said, seats, counters } = createRun(t);
  await act('bad', block);
  await entry.start();
  state.isAway = true;
  const { asked } = state;
  for (let have = 0; have < 2; have += 1) assert.equal(typeof (await come('1')), 'object');
  assert.equal(await come('1'), 'uid_connections_exceeded');
  assert.equal(await come('bad'), 'uid_blocked');
  assert.equal(state.asked, asked + 1, 'only the first has found out');
  assert.equal(seats.size, 2, 'they have seats, for the time after');
  await tick(500);
  assert.deepEqual(said, ['standing.away']);
  state.isAway = false;
  await tick(500);
  assert.deepEqual(said, ['standing.away', 'standing.back']);
  await come('2');
  assert.equal(state.asked, asked + 2);
  assert.equal(counters.uidFull, 1);
});

test('who is refused has no seat, and who leaves frees his', async (t) => {
  const { entry, come, leave, seats, left } = createRun(t);
  await entry.start();
  const [first] = [await come('1'), await come('1')];
  assert.equal(await come('1'), 'uid_connections_exceeded');
  assert.equal(seats.size, 2);
  leave(first);
  assert.deepEqual([seats.size, left.length], [1, 1]);
  assert.equal(typeof (await come('1')), 'object');
});

test('seats that are given away are told of, and those that are of here are closed', async (t) => {
  const { entry, come, told, codes, counters } = createRun(t, { uidConnections: 'replace' });
  await entry.start();
  for (let have = 0; have < 3; have += 1) await come('1');
  assert.equal(told.length, 1);
  assert.deepEqual(codes('1'), [0, 0, 0], 'closed by who is told, and that are all');
  assert.equal(entry.replaced([...told, '2:x', '1:unknown']), 1);
  assert.deepEqual([codes('1'), counters.replaced], [[4504, 0, 0], 1]);
});

test('who is shut out while his place is asked for does not come in', async (t) => {
  const { entry, act } = createRun(t);
  await entry.start();
  const grant = grantByWord('1');
  const entered = await entry.enter(grant);
  assert.ok(entered.ok);
  entry.told(await act('1', block));
  assert.equal(entry.shutOut(grant)?.code, 'uid_blocked');
});
