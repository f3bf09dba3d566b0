import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, countMissing } from '../chaos/checker.ts';
import { describeViolations } from '../chaos/violation.ts';
import { durable, Scribe, volatile } from './chaos-fixture.ts';

function kindsOf(scribe: Scribe, rules = durable): string[] {
  return check(scribe.history, rules, scribe.settledMs).violations.map(({ kind }) => kind);
}

/** Three posts to a, one of them to b, too, all received in order. */
function clean(): Scribe & { readonly frames: () => void } {
  const scribe = new Scribe();
  const [a, b] = [scribe.client('a'), scribe.client('b')];
  const posts = [scribe.post(10, ['a']), scribe.post(20, ['a', 'b']), scribe.post(30, null)];
  return Object.assign(scribe, {
    frames(): void {
      for (const [index, post] of posts.entries()) {
        scribe.frame(a, 15 + 10 * index, index + 1, post);
        if (index > 0) scribe.frame(b, 15 + 10 * index, index + 1, post);
      }
    },
  });
}

test('a clean history passes, and is counted', () => {
  const scribe = clean();
  scribe.frames();
  const verdict = check(scribe.history, durable, scribe.settledMs);
  assert.deepEqual(verdict.violations, []);
  assert.equal(verdict.delivered, 5);
  assert.equal(verdict.reconnects, 0);
  assert.equal(verdict.delaysMs.length, 5);
  assert.equal(countMissing(scribe.history, durable, scribe.settledMs), 0);
});

test('a loss is caught: one frame less of a clean history, and all of them', () => {
  const scribe = clean();
  assert.equal(countMissing(scribe.history, durable, scribe.settledMs), 5);
  assert.deepEqual(
    kindsOf(scribe),
    Array.from({ length: 5 }, () => 'lost'),
  );
});

test('a message that arrives at one connection of a uid and not at the other is lost', () => {
  const scribe = new Scribe();
  const [first] = [scribe.client('a'), scribe.client('a')];
  scribe.frame(first, 12, 1, scribe.post(10, ['a']));
  assert.deepEqual(kindsOf(scribe), ['lost']);
});

test('what was sent while a client was away has to be there when it is back; what came before its first welcome need not', () => {
  const scribe = new Scribe();
  const client = scribe.history.addClient('a', ['notice']);
  scribe.post(1, ['a']);
  scribe.connect(client, 5, -1);
  scribe.welcome(client, 10, 7);
  scribe.fault('stay-away', 11, 30, -1);
  scribe.event(client, 'close', 11);
  const post = scribe.post(20, ['a']);
  scribe.connect(client, 30, 7);
  scribe.welcome(client, 31, 8);
  assert.deepEqual(kindsOf(scribe), ['lost']);
  scribe.frame(client, 32, 8, post);
  assert.deepEqual(kindsOf(scribe), []);
});

test('a repeat is caught, and one that the cursor rule drops is none', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  const post = scribe.post(10, ['a']);
  scribe.fault('reconnect-storm', 20, 20, -1);
  scribe.frame(client, 15, 5, post);
  scribe.event(client, 'close', 20);
  scribe.connect(client, 21, 5);
  scribe.welcome(client, 22, 5);
  scribe.frame(client, 23, 5, post);
  const verdict = check(scribe.history, durable, scribe.settledMs);
  assert.deepEqual([verdict.violations, verdict.dropped, verdict.reconnects], [[], 1, 1]);
  scribe.frame(client, 24, 6, post);
  assert.deepEqual(kindsOf(scribe), ['two-mids', 'repeat']);
});

test('a swap is caught: the later frame first', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  const [one, two] = [scribe.post(10, ['a']), scribe.post(20, ['a'])];
  scribe.frame(client, 25, 2, two);
  scribe.frame(client, 26, 1, one);
  assert.deepEqual(kindsOf(scribe).sort(), ['lost', 'order']);
});

test('numbers against the order of posts are caught where 202 comes after the number', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  const [one, two] = [scribe.post(10, ['a']), scribe.post(20, ['a'])];
  scribe.frame(client, 25, 1, two);
  scribe.frame(client, 26, 2, one);
  assert.deepEqual(kindsOf(scribe), ['post-order']);
  assert.deepEqual(kindsOf(scribe, { ...durable, isOrdered: false }), []);
});

test('posts that overlap in time may be numbered either way', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  const [one, two] = [scribe.post(10, ['a']), scribe.post(11, ['a'])];
  scribe.frame(client, 25, 1, two);
  scribe.frame(client, 26, 2, one);
  assert.deepEqual(kindsOf(scribe), []);
});

test('a late delivery is caught, within the tolerance it is none', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  scribe.frame(client, 1_499, 1, scribe.post(10, ['a'], { expiresAtMs: 1_000 }));
  assert.deepEqual(kindsOf(scribe), []);
  scribe.frame(client, 3_502, 2, scribe.post(20, ['a'], { expiresAtMs: 3_000 }));
  assert.deepEqual(kindsOf(scribe), ['late']);
});

test('late is excused by a paused reader, by the driver’s own stall and by a process that stood still, and by nothing else', () => {
  const paused = new Scribe();
  const reader = paused.client('a');
  const post = paused.post(10, ['a'], { expiresAtMs: 1_000 });
  paused.event(reader, 'pause', 11);
  paused.event(reader, 'resume', 4_000);
  paused.frame(reader, 4_010, 1, post);
  assert.deepEqual(kindsOf(paused), []);
  paused.frame(reader, 9_100, 2, paused.post(5_000, ['a'], { expiresAtMs: 6_000 }));
  assert.deepEqual(kindsOf(paused), ['late']);

  const stalled = new Scribe();
  stalled.frame(stalled.client('a'), 2_200, 1, stalled.post(10, ['a'], { expiresAtMs: 1_000 }));
  assert.deepEqual(kindsOf(stalled), ['late']);
  stalled.stall(2_190, 900);
  assert.deepEqual(kindsOf(stalled), []);

  const frozen = new Scribe();
  frozen.frame(frozen.client('a'), 3_100, 1, frozen.post(10, ['a'], { expiresAtMs: 1_000 }));
  frozen.fault('pause-instance', 12, 3_000, 1);
  assert.deepEqual(kindsOf(frozen), ['late'], 'another instance stood still');
  frozen.fault('pause-instance', 12, 3_000, 0);
  assert.deepEqual(kindsOf(frozen), []);
});

test('a message that expires has to arrive when its client listened with no fault near, and may be missing otherwise', () => {
  const listening = new Scribe();
  listening.client('a');
  listening.post(10, ['a'], { expiresAtMs: 3_000 });
  assert.deepEqual(kindsOf(listening), ['lost']);
  listening.fault('pause-redis', 500, 600, -1);
  assert.deepEqual(kindsOf(listening), []);
  assert.equal(check(listening.history, durable, listening.settledMs).excused, 1);

  const away = new Scribe();
  const client = away.client('a');
  away.fault('stay-away', 4, 5, -1);
  away.event(client, 'close', 5);
  away.post(10, ['a'], { expiresAtMs: 3_000 });
  away.connect(client, 2_500, 0);
  away.welcome(client, 2_501, 0);
  assert.deepEqual(kindsOf(away), []);
});

test('a frame for another uid, of a type not asked for, or of nobody is caught', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  scribe.frame(client, 20, 1, scribe.post(10, ['b']));
  scribe.frame(client, 40, 2, scribe.post(30, ['a'], { type: 'alert' }));
  scribe.frame(client, 50, 3, undefined);
  assert.deepEqual(kindsOf(scribe), ['wrong-uid', 'wrong-type', 'stranger']);
});

test('a message that was appended twice is caught although each client took one of the two', () => {
  const scribe = new Scribe();
  const [a, b] = [scribe.client('a'), scribe.client('b')];
  const post = scribe.post(10, null);
  scribe.frame(a, 15, 1, post);
  scribe.frame(b, 15, 2, post);
  assert.deepEqual(kindsOf(scribe), ['two-mids']);
});

test('one mid for two messages is caught', () => {
  const scribe = new Scribe();
  const [a, b] = [scribe.client('a'), scribe.client('b')];
  scribe.frame(a, 15, 1, scribe.post(10, ['a']));
  scribe.frame(b, 15, 1, scribe.post(10, ['b']));
  assert.ok(kindsOf(scribe).includes('one-mid-two-messages'));
});

test('a frame under another id than the 202 said, and a repeat that is answered with another id, are caught', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  const post = scribe.post(10, ['a']);
  scribe.frame(client, 15, 1, post, 'another');
  assert.deepEqual(kindsOf(scribe), ['wrong-id']);
  scribe.attempt(post, 20, 202, 'a third');
  assert.deepEqual(kindsOf(scribe), ['wrong-id', 'wrong-id']);
});

test('a post that was answered 503 or not at all may arrive or not, at most once', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  const [refused, cut] = [scribe.post(10, ['a'], { status: 503 }), scribe.post(20, ['a'], { status: 0 })];
  assert.deepEqual(kindsOf(scribe), []);
  scribe.frame(client, 30, 1, refused);
  scribe.frame(client, 31, 2, cut);
  assert.deepEqual(kindsOf(scribe), []);
  scribe.frame(client, 32, 3, cut);
  assert.deepEqual(kindsOf(scribe), ['two-mids', 'repeat']);
});

test('another body under an accepted id has to be refused and must not arrive', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  const post = scribe.post(10, ['a']);
  scribe.frame(client, 12, 1, post);
  scribe.post(20, ['a'], { id: post.id, isImpostor: true, status: 422 });
  assert.deepEqual(kindsOf(scribe), []);
  const accepted = scribe.post(30, ['a'], { id: post.id, isImpostor: true, status: 202 });
  scribe.frame(client, 40, 2, accepted);
  assert.deepEqual(kindsOf(scribe), ['impostor', 'impostor']);
});

test('an answer that is neither 202 nor 503, and one that does not come, are caught', () => {
  const scribe = new Scribe();
  scribe.client('a');
  const post = scribe.post(10, ['b'], { status: 500 });
  assert.deepEqual(kindsOf(scribe), ['answer']);
  scribe.attempt(post, 20, 0, post.id, 5_000);
  assert.deepEqual(kindsOf(scribe), ['answer', 'hang']);
  scribe.fault('pause-instance', 100, 3_000, 0);
  assert.deepEqual(kindsOf(scribe), ['answer']);
});

test('a gap is caught where everything is kept, and excuses nothing', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  scribe.post(10, ['a']);
  scribe.gap(client, 20, 0, 5);
  scribe.fault('reconnect-storm', 30, 30, -1);
  scribe.event(client, 'close', 30);
  scribe.connect(client, 40, 0);
  scribe.welcome(client, 41, 9, false);
  assert.deepEqual(kindsOf(scribe).sort(), ['gap', 'gap', 'lost']);
});

test('a connection that ends though only Redis was disturbed is caught, one of a killed instance is not', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  const back = (atMs: number): void => {
    scribe.event(client, 'close', atMs);
    scribe.connect(client, atMs + 20, 0);
    scribe.welcome(client, atMs + 21, 0);
  };
  scribe.fault('kill-instance', 1_000, 2_000);
  back(1_001);
  assert.deepEqual(kindsOf(scribe), []);
  scribe.fault('kill-redis', 10_000, 20_000, -1);
  back(12_000);
  assert.deepEqual(kindsOf(scribe), ['closed']);
});

test('where nothing outlives the process, a kill excuses what was accepted before it and nothing after it', () => {
  const scribe = new Scribe();
  const client = scribe.client('a');
  scribe.post(10, ['a']);
  scribe.event(client, 'close', 1_000);
  scribe.fault('kill-instance', 1_000, 2_000);
  scribe.connect(client, 2_010, 0);
  scribe.welcome(client, 2_011, 0, false);
  const verdict = check(scribe.history, volatile, scribe.settledMs);
  assert.deepEqual([verdict.violations, verdict.gaps, verdict.excused], [[], 1, 1]);
  scribe.post(3_000, ['a']);
  assert.deepEqual(kindsOf(scribe, volatile), ['lost']);
});

test('a client that never came back is caught', () => {
  const scribe = new Scribe();
  scribe.fault('stay-away', 10, 10, -1);
  scribe.event(scribe.client('a'), 'close', 10);
  assert.deepEqual(kindsOf(scribe), ['never-connected']);
});

test('a violation is told with its post, its client’s history and the faults near it', () => {
  const scribe = new Scribe();
  scribe.client('a');
  scribe.post(10, ['a']);
  scribe.fault('kill-redis', 5, 20, -1);
  const { violations } = check(scribe.history, durable, scribe.settledMs);
  const text = describeViolations(violations, scribe.history);
  for (const part of [
    'lost 1',
    'post 0 id id-0 to a',
    'client 0 uid a',
    'welcome 0 resumed true',
    'fault kill-redis',
  ]) {
    assert.ok(text.includes(part), `${part} in ${text}`);
  }
});
