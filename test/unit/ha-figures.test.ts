import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenerFigures, mostWithin, postFigures, quantile, silencesOf } from '../ha/figures.ts';
import { findMissing } from '../ha/missing.ts';
import { durable, Scribe, volatile } from './chaos-fixture.ts';

const lengths = (silences: readonly { fromMs: number; toMs: number }[]): number[] =>
  silences.map(({ fromMs, toMs }) => toMs - fromMs);

test('a silence is from the close to the next welcome, whatever failed in between', () => {
  const scribe = new Scribe();
  const client = scribe.client('1');
  scribe.event(client, 'close', 1_000);
  scribe.connect(client, 1_100, 0);
  scribe.event(client, 'close', 1_200);
  scribe.connect(client, 1_300, 0);
  scribe.welcome(client, 1_500, 0);
  scribe.event(client, 'close', 5_000);
  assert.deepEqual(lengths(silencesOf(client, [])), [500], 'the second has not ended');
});

test('a silence begins with the kill or the freeze of the instance, or with the last frame after it', () => {
  const scribe = new Scribe();
  const [early, late] = [scribe.client('1'), scribe.client('2')];
  scribe.fault('kill-instance', 2_000, 2_100);
  const post = scribe.post(1_900, null);
  scribe.frame(late, 2_050, 5, post);
  for (const client of [early, late]) {
    scribe.event(client, 'close', 3_000);
    scribe.welcome(client, 4_000, 5);
  }
  const { faults } = scribe.history;
  assert.deepEqual(lengths(silencesOf(early, faults)), [2_000]);
  assert.deepEqual(lengths(silencesOf(late, faults)), [1_950]);
  const stop = faults.map((fault) => ({ ...fault, kind: 'stop-instance' }));
  assert.deepEqual(lengths(silencesOf(early, stop)), [1_000], 'one that stops goes on serving');
});

test('what listeners went through: reconnects, the longest silence, the busiest second, until all were back', () => {
  const scribe = new Scribe();
  const clients = ['1', '2', '3', '4'].map((uid) => scribe.client(uid));
  scribe.fault('stop-instance', 1_000, 2_000);
  const backMs = [1_500, 2_000, 2_499, 2_500];
  for (const [index, client] of clients.entries()) {
    scribe.event(client, 'close', 1_400);
    scribe.connect(client, 1_450, 7);
    scribe.welcome(client, backMs[index] ?? 0, 9, index > 0);
  }
  assert.deepEqual(listenerFigures(scribe.history), {
    listeners: 4,
    reconnects: 4,
    longestSilenceMs: 1_100,
    busiestSecondShare: 0.75,
    allBackMs: 1_500,
    notResumed: 1,
  });
});

test('of a hand-back, the busiest second is one of its own', () => {
  const scribe = new Scribe();
  const clients = ['1', '2', '3', '4'].map((uid) => scribe.client(uid));
  scribe.fault('kill-instance', 1_000, 1_100);
  scribe.fault('hand-back', 5_000, 9_000);
  for (const [index, client] of clients.entries()) {
    for (const [closeMs, backMs] of [
      [1_050, 1_500],
      [6_000, 7_000 + index * 600],
    ] as const) {
      scribe.event(client, 'close', closeMs);
      scribe.connect(client, closeMs + 1, 7);
      scribe.welcome(client, backMs, 9);
    }
  }
  assert.equal(listenerFigures(scribe.history).busiestSecondShare, 0.5);
});

test('the busiest second slides, and its end does not belong to it', () => {
  assert.equal(mostWithin([], 1_000), 0);
  assert.equal(mostWithin([0, 1_000, 2_000], 1_000), 1);
  assert.equal(mostWithin([900, 100, 1_050, 1_099, 3_000], 1_000), 4);
});

test('a quantile is a value that occurred', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.equal(quantile(hundred, 0.99), 99);
  assert.equal(quantile(hundred, 1), 100);
  assert.equal(quantile([7], 0.5), 7);
  assert.equal(quantile([], 0.99), 0);
});

test('posts: what was refused, by whom, and which share soon after the event', () => {
  const scribe = new Scribe();
  scribe.client('1');
  scribe.post(500, ['1'], { status: 503, id: '' });
  for (let index = 0; index < 9; index += 1) scribe.post(1_000 + index, ['1']);
  scribe.post(2_000, ['1'], { status: 503, id: 'test-1' });
  scribe.post(12_000, ['1'], { status: 503, id: '' });
  const { history } = scribe;
  const startMs = history.posts[0]?.startedMs ?? 0;
  const { p99Ms, longestMs, ...counts } = postFigures(history, startMs + 500, startMs + 600);
  assert.deepEqual(counts, { posts: 12, refused: 3, refusedWithKey: 1, refusedShare: 0.1 });
  assert.equal(p99Ms, 2);
  assert.equal(longestMs, 2);
});

test('what is missing is told or untold, by a gap or resumed:false that came after it was posted', () => {
  const scribe = new Scribe();
  const [told, untold, gapped] = [scribe.client('1'), scribe.client('2'), scribe.client('3')];
  const post = scribe.post(1_000, null);
  for (const client of [told, untold]) {
    scribe.event(client, 'close', client === told ? 1_200 : 500);
    scribe.connect(client, client === told ? 1_300 : 600, 4);
    scribe.welcome(client, client === told ? 1_400 : 700, 3, false);
  }
  scribe.gap(gapped, 1_500, 3, 9);
  const found = findMissing(scribe.history, volatile);
  assert.deepEqual(
    found.map(({ client, isTold, post: { seq } }) => [client, isTold, seq]),
    [
      [0, true, post.seq],
      [1, false, post.seq],
      [2, true, post.seq],
    ],
  );
});

test('nothing is missing of what was taken, refused or posted before one listened', () => {
  const scribe = new Scribe();
  const early = scribe.post(-1_000, ['1']);
  const client = scribe.client('1');
  const taken = scribe.post(1_000, ['1']);
  scribe.frame(client, 1_010, 5, taken);
  scribe.post(2_000, ['1'], { status: 503 });
  scribe.post(3_000, ['2']);
  assert.deepEqual(findMissing(scribe.history, durable), []);
  assert.ok(early.acceptedMs > 0);
});
