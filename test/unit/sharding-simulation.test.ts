import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { costs, loadOf, type Deployment } from '../../bench/sharding-costs.ts';
import { shardByRemainder, shardOf } from '../../bench/sharding-draw.ts';
import { run } from '../../bench/sharding-run.ts';
import { deployments, mostOfOneRedis, simulate } from '../../bench/sharding-tables.ts';
import { projectRoot } from '../support/project.ts';

const doc = readFileSync(join(projectRoot, 'docs/scaling.md'), 'utf8');
const [small] = deployments;
assert.ok(small !== undefined);

/** Fails unless `actual` is within this part of `expected`. */
function assertNear(actual: number, expected: number, part: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= expected * part, `${what}: ${actual}, expected ${expected}`);
}

test('the doc holds what the simulation prints, where that is small enough to run again', () => {
  const lines = simulate({ seed: 20_261_121, seconds: 60 }, [small]);
  assert.equal(lines.length, 7);
  for (const line of lines) assert.ok(doc.includes(`${line}\n`), line);
});

test('the doc holds the arithmetic of every deployment, the costs, and where one Redis ends', () => {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  for (const deployment of deployments) {
    const load = loadOf(deployment);
    const cells = [deployment.shards, load.instances, Math.round(load.messagesPerSecond), percent(load.redisShare)];
    assert.ok(doc.includes(`| ${cells.join(' | ')} | `), cells.join());
    assert.ok(doc.includes(` | ${percent(load.instanceShare)} | `), percent(load.instanceShare));
  }
  for (const cost of [costs.redisAppendMicros, costs.redisHearerMicros, costs.heardMicros, costs.postMicros]) {
    assert.ok(doc.includes(`| ${cost} us |`), String(cost));
  }
  assert.ok(doc.includes(`| ${costs.deliveryMicros} us |`) && doc.includes(`| ${costs.broadcastDeliveryMicros} us |`));
  assert.ok(doc.includes(`| ${costs.announcedBytes} bytes |`));
  assert.ok(doc.includes(`**${(mostOfOneRedis() / 1e6).toFixed(2)} million\nconnections**`), String(mostOfOneRedis()));
});

test('what is drawn agrees with the arithmetic, and another seed does too', () => {
  const deployment: Deployment = { ...small, shards: 3, messagesPerUidPerHour: 100 };
  for (const seed of [1, 2]) {
    const outcome = run(deployment, { seed, seconds: 20, activitySigma: 1.7, uidsOfPost: 2 });
    const { arithmetic } = outcome;
    assertNear(outcome.connections, deployment.connections, 0.01, 'connections');
    assertNear(outcome.messages, arithmetic.messagesPerSecond * 20, 0.03, 'messages');
    assertNear(outcome.redisShare, arithmetic.redisShare, 0.05, 'share of Redis');
    // A broadcast a minute may fall into these seconds or not, and is then most of what an instance does.
    const withoutBroadcasts = { ...deployment, broadcastsPerMinute: 0 };
    const quiet = run(withoutBroadcasts, { seed, seconds: 20, activitySigma: 1.7, uidsOfPost: 2 });
    assertNear(
      quiet.instanceShare,
      quiet.arithmetic.instanceShare * quiet.messagesOfBusiest,
      0.05,
      'share of an instance',
    );
    assert.ok(outcome.uidsOfFullest < 1.03 && outcome.messagesOfBusiest < 1.15);
    assert.ok(outcome.redisShareInBusiestSecond > outcome.redisShareOfBusiest);
    assert.ok(
      outcome.sentToBusiestTenth > 0.55 && outcome.sentToBusiestTenth < 0.75,
      String(outcome.sentToBusiestTenth),
    );
    assertNear(outcome.moved, 1 / 4, 0.03, 'moved to a fourth shard');
    // Two uids are on two of three shards two times in three.
    assertNear(outcome.shardsOfPost, 5 / 3, 0.05, 'shards of a post to two uids');
  }
});

test('a shard more takes from all others, and nothing moves between those; a remainder moves most', () => {
  const uids = 20_000;
  let byRemainder = 0;
  const taken = [0, 0, 0, 0, 0];
  for (let uid = 0; uid < uids; uid += 1) {
    const before = shardOf(uid, 5);
    const after = shardOf(uid, 6);
    if (after !== before) {
      assert.equal(after, 5);
      taken[before] = (taken[before] ?? 0) + 1;
    }
    if (shardByRemainder(uid, 6) !== shardByRemainder(uid, 5)) byRemainder += 1;
  }
  for (const count of taken) assertNear(count, uids / 30, 0.2, 'taken from one shard');
  assertNear(byRemainder / uids, 5 / 6, 0.05, 'moved by remainder');
});
