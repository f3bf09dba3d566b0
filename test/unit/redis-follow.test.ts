import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../../src/journal/journal.ts';
import type { Announcement } from '../../src/journal/redis-record.ts';
import { createFollowing } from '../../src/journal/redis-follow.ts';
import { sampleMessage } from '../contract/sample-message.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A log in memory and a follower of it, whose announcements and answers the test lets through or not. */
function createScene() {
  const log: Entry[] = [];
  const told: number[] = [];
  const gaps: [number, number][] = [];
  const started: number[] = [];
  const gates: (() => void)[] = [];
  const state = { head: 100, since: 100, isHeld: false, failures: 0, positions: 0 };
  const answer = async <T>(make: () => T): Promise<T> => {
    if (state.failures > 0) {
      state.failures -= 1;
      throw new Error('away');
    }
    const value = make();
    if (state.isHeld) await new Promise<void>((resolve) => gates.push(resolve));
    return value;
  };
  const following = createFollowing({
    position(floor) {
      state.positions += 1;
      return answer(() => {
        if (floor > state.head) state.head = state.since = floor;
        return { head: state.head, since: state.since };
      });
    },
    page: (after) =>
      answer(() => {
        const entries = log.filter(({ mid }) => mid > after).slice(0, 3);
        return { since: state.since, entries, last: entries.at(-1)?.mid };
      }),
    onStart: (head) => started.push(head),
    deliver(entries) {
      assert.ok(entries.length > 0);
      told.push(...entries.map(({ mid }) => mid));
    },
    onGap: (after, since) => gaps.push([after, since]),
    pause: turn,
    onChange: () => {},
  });
  return {
    following,
    state,
    told,
    gaps,
    started,
    /** Appends entries and gives what announces them. */
    append(count: number): Announcement {
      const before = state.head;
      const entries = Array.from({ length: count }, (_, index) => ({
        mid: before + 1 + index,
        message: sampleMessage(),
      }));
      log.push(...entries);
      state.head += count;
      return { before, entries };
    },
    trimTo(since: number): void {
      state.since = since;
      log.splice(
        0,
        log.findIndex(({ mid }) => mid > since),
      );
    },
    /** Lets answers that are held go, until none is asked for any more. */
    async settle(turns = 50): Promise<void> {
      for (let turned = 0; turned < turns; turned += 1) {
        for (const gate of gates.splice(0)) gate();
        await turn();
      }
    },
  };
}

type Scene = ReturnType<typeof createScene>;

test('announcements that follow on another are handed on with no look into the log', async () => {
  const { following, told, append, state } = createScene();
  await following.subscribed();
  assert.ok(following.isLive());
  for (const count of [1, 3, 2]) following.announced(append(count));
  assert.deepEqual(told, [101, 102, 103, 104, 105, 106]);
  assert.equal(following.lastSeen(), 106);
  assert.equal(state.positions, 1);
});

test('a lost announcement is read from the log before what came after it', async () => {
  const scene = createScene();
  const { following, told, append, gaps } = scene;
  await following.subscribed();
  following.announced(append(1));
  append(8);
  following.announced(append(2));
  assert.deepEqual(told, [101]);
  assert.equal(following.isLive(), false);
  await scene.settle();
  following.announced(append(1));
  assert.deepEqual(told, [101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112]);
  assert.deepEqual(gaps, []);
});

test('what is announced while the log is read comes once, whether the reading saw it or not', async () => {
  const scene = createScene();
  const { following, told, append, state } = scene;
  await following.subscribed();
  state.isHeld = true;
  append(4);
  const seenByReading = append(2);
  following.announced(seenByReading);
  const alsoSeen = append(1);
  following.announced(alsoSeen);
  await turn();
  following.announced(append(2));
  following.announced(append(3));
  state.isHeld = false;
  await scene.settle();
  following.announced(append(1));
  assert.deepEqual(
    told,
    Array.from({ length: 13 }, (_, index) => 101 + index),
  );
  assert.ok(following.isLive());
});

test('more announcements than it holds are dropped and read', async () => {
  const scene = createScene();
  const { following, told, append, state } = scene;
  await following.subscribed();
  state.isHeld = true;
  append(1);
  following.announced(append(1));
  await turn();
  for (let count = 0; count < 1500; count += 1) following.announced(append(1));
  state.isHeld = false;
  await scene.settle(600);
  assert.equal(told.length, 1502);
  assert.deepEqual(
    told,
    Array.from({ length: 1502 }, (_, index) => 101 + index),
  );
  assert.ok(following.isLive());
});

test('a store that fails is asked again', async () => {
  const scene = createScene();
  const { following, told, append, state } = scene;
  await following.subscribed();
  append(7);
  state.failures = 5;
  following.announced(append(1));
  await scene.settle();
  assert.deepEqual(told, [101, 102, 103, 104, 105, 106, 107, 108]);
  assert.ok(following.isLive());
});

test('after a loss nothing is told until the next subscription, and a reading that was overtaken stops', async () => {
  const scene = createScene();
  const { following, told, append, state } = scene;
  await following.subscribed();
  state.isHeld = true;
  append(5);
  following.announced(append(1));
  await turn();
  following.lost();
  following.announced(append(1));
  state.isHeld = false;
  await scene.settle();
  assert.deepEqual(told, []);
  assert.equal(following.isLive(), false);
  await following.subscribed();
  assert.deepEqual(told, [101, 102, 103, 104, 105, 106, 107]);
});

test('what is no longer kept is a gap, and what is kept comes after it', async () => {
  const scene = createScene();
  const { following, told, append, gaps } = scene;
  await following.subscribed();
  following.announced(append(1));
  following.lost();
  append(10);
  scene.trimTo(106);
  await following.subscribed();
  assert.deepEqual(gaps, [[101, 106]]);
  assert.deepEqual(told, [101, 107, 108, 109, 110, 111]);
});

test('a store that went back is raised to what was seen, and nothing is told twice', async () => {
  const scene = createScene();
  const { following, told, append, state, gaps } = scene;
  await following.subscribed();
  following.announced(append(5));
  following.lost();
  state.head = 102;
  await following.subscribed();
  assert.equal(state.head, 105);
  following.announced(append(1));
  assert.deepEqual(told, [101, 102, 103, 104, 105, 106]);
  assert.deepEqual(gaps, []);
});

/** What may become of the log between two questions, after which it is complete from 106 on. */
const shortened: readonly (readonly [how: string, happens: (scene: Scene) => void])[] = [
  ['is trimmed', (scene) => scene.trimTo(106)],
  ['is raised above entries that it still has', ({ state }) => (state.since = 106)],
];

for (const [how, happens] of shortened) {
  test(`a log that ${how} after its position was asked has a gap, which ends where it is complete`, async () => {
    const scene = createScene();
    const { following, told, append, gaps, state } = scene;
    await following.subscribed();
    following.announced(append(1));
    following.lost();
    append(10);
    state.isHeld = true;
    const subscribed = following.subscribed();
    await turn();
    // The position was asked: since 100, head 111.
    happens(scene);
    await Promise.all([scene.settle(), subscribed]);
    assert.deepEqual(gaps, [[101, 106]]);
    assert.deepEqual(told, [101, 107, 108, 109, 110, 111]);
    assert.equal(following.lastSeen(), 111);
  });
}

test('it begins once, at the head', async () => {
  const { following, append, started } = createScene();
  append(3);
  await following.subscribed();
  following.lost();
  append(3);
  await following.subscribed();
  assert.deepEqual(started, [103]);
});

test('what is not an announcement makes it look into the log', async () => {
  const scene = createScene();
  const { following, told, append, state } = scene;
  await following.subscribed();
  append(2);
  following.announced(undefined);
  await scene.settle();
  assert.deepEqual(told, [101, 102]);
  assert.equal(state.positions, 2);
  assert.ok(following.isLive());
});
