import { loadOf, costs, type Deployment, type Load } from './sharding-costs.ts';
import { activityOf, countOf, createRandom, indexIn, shardByRemainder, shardOf } from './sharding-draw.ts';

export interface RunOptions {
  readonly seed: number;
  readonly seconds: number;
  /** How unequal users are: of the logarithm of what they are sent. */
  readonly activitySigma: number;
  /** How many a backend names in one post of the third kind of draw. */
  readonly uidsOfPost: number;
}

/** What came out of the draws, beside what the arithmetic says. */
export interface Outcome {
  readonly arithmetic: Load;
  readonly uids: number;
  readonly connections: number;
  readonly messages: number;
  readonly broadcasts: number;
  /** Of the shard with the most, over the mean of all. */
  readonly uidsOfFullest: number;
  readonly messagesOfBusiest: number;
  /** Of one core, on the Redis of a shard: the mean of all, that of the busiest one, and its busiest second. */
  readonly redisShare: number;
  readonly redisShareOfBusiest: number;
  readonly redisShareInBusiestSecond: number;
  /** Of one core, on one instance of the busiest shard. */
  readonly instanceShare: number;
  /** What the busiest tenth of the uids was sent, of all. */
  readonly sentToBusiestTenth: number;
  /** With one shard more: the part of the uids that move; and by the remainder of a hash. */
  readonly moved: number;
  readonly movedByRemainder: number;
  /** How many shards a post to several uids is for. */
  readonly shardsOfPost: number;
}

/** Lets uids be sent what they are sent for some seconds of the busiest hour, one message after the other, and counts. */
export function run(deployment: Deployment, options: RunOptions): Outcome {
  const { shards, connectionsPerUid } = deployment;
  const arithmetic = loadOf(deployment);
  const random = createRandom(options.seed);
  const uids = Math.round(arithmetic.uids);

  const sums = new Float64Array(uids);
  const shardOfUid = new Uint8Array(uids);
  const connectionsOfUid = new Uint8Array(uids);
  const uidsOfShard = new Float64Array(shards);
  const connectionsOfShard = new Float64Array(shards);
  let sum = 0;
  let connections = 0;
  let moved = 0;
  let movedByRemainder = 0;
  for (let uid = 0; uid < uids; uid += 1) {
    const shard = shardOf(uid, shards);
    const own = 1 + countOf(random, connectionsPerUid - 1);
    shardOfUid[uid] = shard;
    connectionsOfUid[uid] = own;
    add(uidsOfShard, shard, 1);
    add(connectionsOfShard, shard, own);
    connections += own;
    sum += activityOf(random, options.activitySigma);
    sums[uid] = sum;
    if (shardOf(uid, shards + 1) !== shard) moved += 1;
    if (shardByRemainder(uid, shards + 1) !== shardByRemainder(uid, shards)) movedByRemainder += 1;
  }

  const hearers = arithmetic.instances / shards;
  const redisMicrosOf = (messages: number): number =>
    messages * (costs.redisAppendMicros + hearers * costs.redisHearerMicros);
  const messagesOfShard = new Float64Array(shards);
  const deliveriesOfShard = new Float64Array(shards);
  const deliveredToAll = new Float64Array(shards);
  let broadcasts = 0;
  let messages = 0;
  let busiestSecond = 0;
  for (let second = 0; second < options.seconds; second += 1) {
    const now = new Float64Array(shards);
    const toUids = countOf(random, arithmetic.messagesPerSecond);
    for (let message = 0; message < toUids; message += 1) {
      const uid = indexIn(sums, random() * sum);
      const shard = shardOfUid[uid] ?? 0;
      add(now, shard, 1);
      add(deliveriesOfShard, shard, connectionsOfUid[uid] ?? 0);
    }
    const toAll = countOf(random, deployment.broadcastsPerMinute / 60);
    for (let shard = 0; shard < shards; shard += 1) {
      add(now, shard, toAll);
      add(deliveredToAll, shard, toAll * (connectionsOfShard[shard] ?? 0));
      add(messagesOfShard, shard, now[shard] ?? 0);
      busiestSecond = Math.max(busiestSecond, now[shard] ?? 0);
    }
    messages += toUids;
    broadcasts += toAll;
  }

  const perSecond = [...messagesOfShard].map((count) => count / options.seconds);
  const busiest = perSecond.indexOf(Math.max(...perSecond));
  const ofBusiest = perSecond[busiest] ?? 0;
  const instanceMicros =
    ofBusiest * costs.heardMicros +
    (ofBusiest * costs.postMicros +
      ((deliveriesOfShard[busiest] ?? 0) * costs.deliveryMicros +
        (deliveredToAll[busiest] ?? 0) * costs.broadcastDeliveryMicros) /
        options.seconds) /
      hearers;
  return {
    arithmetic,
    uids,
    connections,
    messages,
    broadcasts,
    uidsOfFullest: Math.max(...uidsOfShard) / mean([...uidsOfShard]),
    messagesOfBusiest: ofBusiest / mean(perSecond),
    redisShare: redisMicrosOf(mean(perSecond)) / 1e6,
    redisShareOfBusiest: redisMicrosOf(ofBusiest) / 1e6,
    redisShareInBusiestSecond: redisMicrosOf(busiestSecond) / 1e6,
    instanceShare: instanceMicros / 1e6,
    sentToBusiestTenth: partOfBusiestTenth(sums),
    moved: moved / uids,
    movedByRemainder: movedByRemainder / uids,
    shardsOfPost: shardsOfPosts(shardOfUid, random, options.uidsOfPost),
  };
}

function add(counts: Float64Array, index: number, count: number): void {
  counts[index] = (counts[index] ?? 0) + count;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function partOfBusiestTenth(sums: Float64Array): number {
  const each = sums.map((sum, index) => sum - (sums[index - 1] ?? 0)).sort();
  const tenth = Math.floor(each.length * 0.9);
  return each.subarray(tenth).reduce((sum, one) => sum + one, 0) / (sums.at(-1) ?? 1);
}

function shardsOfPosts(shardOfUid: Uint8Array, random: () => number, uidsOfPost: number): number {
  const posts = 1000;
  let touched = 0;
  for (let post = 0; post < posts; post += 1) {
    const shards = new Set<number | undefined>();
    for (let uid = 0; uid < uidsOfPost; uid += 1) shards.add(shardOfUid[Math.floor(random() * shardOfUid.length)]);
    touched += shards.size;
  }
  return touched / posts;
}
