import { loadOf, type Deployment } from './sharding-costs.ts';
import { run, type Outcome } from './sharding-run.ts';

/** The busiest hour holds a quarter of the day's 20 messages a user: each number can be changed here, and the tables follow. */
const usual = {
  connectionsPerInstance: 20_000,
  connectionsPerUid: 1.25,
  messagesPerUidPerHour: 5,
  broadcastsPerMinute: 1,
};

/** What the doc speaks of. The first is small enough for a test to run it again. */
export const deployments: readonly Deployment[] = [
  { ...usual, connections: 100_000, shards: 4, connectionsPerInstance: 5000 },
  { ...usual, connections: 1_000_000, shards: 1 },
  { ...usual, connections: 1_000_000, shards: 2 },
  { ...usual, connections: 10_000_000, shards: 1 },
  { ...usual, connections: 10_000_000, shards: 10 },
  { ...usual, connections: 10_000_000, shards: 16 },
];

export interface SimulationOptions {
  readonly seed: number;
  readonly seconds: number;
}

/** Users of whom a tenth is sent about two thirds of everything. */
const activitySigma = 1.7;
const uidsOfPost = 100;

/** The most of one core that a Redis may be given in the busiest hour: the rest is for bursts, saves and clients that come back. */
const fullShare = 0.5;

/** How many connections one Redis carries. */
export function mostOfOneRedis(): number {
  let low = 0;
  let high = 100_000_000;
  while (high - low > 1000) {
    const connections = (low + high) / 2;
    if (loadOf({ ...usual, connections, shards: 1 }).redisShare > fullShare) high = connections;
    else low = connections;
  }
  return low;
}

/** How many new connections an instance takes in a second (`--max-handshakes`), and how long a fail-over of a Redis lasts, measured. */
const handshakesPerSecond = 1000;
const failOverSeconds = 4;

/** The lines of the tables, of all deployments or some. */
export function simulate({ seed, seconds }: SimulationOptions, some: readonly Deployment[] = deployments): string[] {
  const outcomes = some.map(
    (deployment) => [deployment, run(deployment, { seed, seconds, activitySigma, uidsOfPost })] as const,
  );
  return [
    '| connections | shards | instances | messages/s | Redis of a shard, by arithmetic | drawn: mean, busiest shard, its busiest second | an instance, by arithmetic | drawn, busiest shard | out of a Redis | in it, an hour kept |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...outcomes.map(([deployment, outcome]) => loadRow(deployment, outcome)),
    '',
    '| connections | shards | uids, fullest shard | messages, busiest shard | a post to 100 uids goes to | uids that move to one shard more | by remainder | one instance lost: back within | one Redis fails over |',
    '|---|---|---|---|---|---|---|---|---|',
    ...outcomes.map(([deployment, outcome]) => shardRow(deployment, outcome)),
  ];
}

function loadRow({ shards }: Deployment, outcome: Outcome): string {
  const { arithmetic, connections } = outcome;
  return row(
    connections.toLocaleString('en-US'),
    shards,
    arithmetic.instances,
    Math.round(arithmetic.messagesPerSecond),
    percent(arithmetic.redisShare),
    [outcome.redisShare, outcome.redisShareOfBusiest, outcome.redisShareInBusiestSecond].map(percent).join(', '),
    percent(arithmetic.instanceShare),
    percent(outcome.instanceShare),
    `${arithmetic.redisMegabitsPerSecond.toFixed(0)} Mbit/s`,
    `${arithmetic.redisGigabytes.toFixed(1)} GB`,
  );
}

function shardRow(deployment: Deployment, outcome: Outcome): string {
  const { shards, connectionsPerInstance } = deployment;
  const survivors = outcome.arithmetic.instances / shards - 1;
  const backSeconds = connectionsPerInstance / (handshakesPerSecond * survivors);
  return row(
    outcome.connections.toLocaleString('en-US'),
    shards,
    `${outcome.uidsOfFullest.toFixed(3)} x mean`,
    `${outcome.messagesOfBusiest.toFixed(3)} x mean`,
    `${outcome.shardsOfPost.toFixed(1)} shards`,
    percent(outcome.moved),
    percent(outcome.movedByRemainder),
    `${Math.max(1, backSeconds).toFixed(1)} s`,
    `${percent(1 / shards)} of users, ${failOverSeconds} s`,
  );
}

function row(...cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
