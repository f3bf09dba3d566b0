import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handOver, type HandOverOptions } from '../../src/cluster/hand-over.ts';
import type { Connection } from '../../src/hub/connection.ts';
import { createPeer } from './fake-socket.ts';
import { seeded } from './seeded.ts';

const resolution = 1_000_000;

interface Went {
  readonly uid: string;
  readonly atMs: number;
  readonly afterMs: number;
}

/** A hub of `count` connections, and a clock that moves only while somebody sleeps. */
function createRun(count: number, seed = 7) {
  const chance = seeded(seed);
  const peers = Array.from({ length: count }, (_, index) => createPeer(`${index}`, 'tracked'));
  const went: Went[] = [];
  const run = { nowMs: 1000, sleeps: 0, onSleep: (): void => {} };
  const deps = {
    hub: {
      connections: () => peers.map(({ connection }) => connection),
      handOver({ uid }: Connection, afterMs: number) {
        went.push({ uid, atMs: run.nowMs - 1000, afterMs });
      },
    },
    monotonicMs: () => run.nowMs,
    random: () => chance.below(resolution) / resolution,
    sleep(ms: number): Promise<void> {
      run.nowMs += ms;
      run.sleeps += 1;
      run.onSleep();
      return Promise.resolve();
    },
  };
  return {
    run,
    peers,
    went,
    handOver: (options: Omit<HandOverOptions, 'processes'>, processes = 1) => handOver(deps, { processes, ...options }),
  };
}

test('each goes once, in random order, evenly over the time and not in step', async () => {
  const { run, went, handOver } = createRun(2000);
  assert.equal(await handOver({ overMs: 20_000 }), 2000);
  assert.equal(new Set(went.map(({ uid }) => uid)).size, 2000);
  assert.ok(went.length === 2000 && run.nowMs - 1000 <= 20_010, 'and not longer');
  assert.ok((went.at(-1)?.atMs ?? 0) > 19_000, 'nor much shorter');
  for (let second = 0; second < 20; second += 1) {
    const here = went.filter(({ atMs }) => Math.floor(atMs / 1000) === second).length;
    assert.ok(here >= 90 && here <= 110, `${here} in second ${second}`);
  }
  const inOrder = went.filter(({ uid }, index) => index > 0 && Number(uid) > Number(went[index - 1]?.uid)).length;
  assert.ok(inOrder > 900 && inOrder < 1100, 'their order is not the order in which they came');
  const gaps = new Set(went.map(({ atMs }, index) => Math.round(atMs - (went[index - 1]?.atMs ?? 0))));
  assert.ok(gaps.size > 5, 'one does not follow the other like clockwork');
  for (const { afterMs } of went) assert.ok(Number.isInteger(afterMs) && afterMs >= 0 && afterMs <= 500);
});

test('few do not take all the time: one goes each second at the latest', async () => {
  const { run, went, handOver } = createRun(5);
  await handOver({ overMs: 20_000 });
  assert.equal(went.length, 5);
  for (const [index, { atMs }] of went.entries()) {
    assert.ok(atMs >= index * 1000 && atMs <= index * 1000 + 1010, `${index} at ${atMs}`);
  }
  const none = createRun(0);
  assert.equal(await none.handOver({ overMs: 20_000 }), 0);
  assert.equal(none.run.sleeps, 0, 'and with nobody there is nothing to wait for');
  assert.ok(run.nowMs < 6100);
});

test('the pace is that of all processes together, each of which has its part of the connections', async () => {
  const few = createRun(5);
  await few.handOver({ overMs: 60_000 }, 4);
  for (const [index, { atMs }] of few.went.entries()) {
    assert.ok(atMs >= index * 4000 && atMs <= index * 4000 + 4010, `${index} at ${atMs}`);
  }
  const hurried = createRun(100);
  await hurried.handOver({ overMs: 0 }, 4);
  const longest = Math.max(...hurried.went.map(({ afterMs }) => afterMs));
  assert.ok(longest > 600 && longest <= 800, `${longest}`);
  const bounded = createRun(40);
  await bounded.handOver({ overMs: 2000 }, 4);
  assert.ok(bounded.run.nowMs - 1000 <= 2010, 'and not longer than it may take');
});

test('many do not need a timer each', async () => {
  const { run, went, handOver } = createRun(20_000);
  await handOver({ overMs: 1000 });
  assert.equal(went.length, 20_000);
  assert.ok(run.sleeps <= 201, `${run.sleeps} sleeps`);
});

test('all at once: nobody waits, and they are told to come back over a time that grows with their number', async () => {
  for (const [count, spreadMs] of [
    [10, 20],
    [1000, 2000],
    [20_000, 10_000],
  ] as const) {
    const { run, went, handOver } = createRun(count);
    await handOver({ overMs: 0 });
    assert.equal(run.sleeps, 0);
    assert.equal(went.length, count);
    const waits = went.map(({ afterMs }) => afterMs).sort((a, b) => a - b);
    assert.ok(
      (waits.at(-1) ?? 0) <= spreadMs && (waits.at(-1) ?? 0) >= spreadMs * 0.7,
      `${waits.at(-1)} of ${spreadMs}`,
    );
    if (count > 10) assert.ok(Math.abs((waits[count / 2] ?? 0) - spreadMs / 2) < spreadMs / 10, 'evenly');
  }
});

test('it goes over those that are meant and open, and ends where it is told to', async () => {
  const { run, peers, went, handOver } = createRun(100);
  for (const { socket } of peers.slice(0, 10)) socket.readyState = 2;
  const aborter = new AbortController();
  run.onSleep = () => {
    if (went.length >= 20) aborter.abort();
  };
  const isOdd = ({ uid }: Connection): boolean => Number(uid) % 2 === 1;
  const count = await handOver({ overMs: 10_000, which: isOdd, signal: aborter.signal });
  assert.equal(count, went.length, 'and says how many went');
  assert.ok(count >= 20 && count < 25, `${count}`);
  for (const { uid } of went) assert.ok(Number(uid) % 2 === 1 && Number(uid) >= 10, uid);
});
