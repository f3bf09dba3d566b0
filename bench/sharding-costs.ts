/**
 * What things cost, measured, in microseconds of one core and in bytes. docs/scaling.md names the source of each; taken where they differ: the
 * dearer figure, of small groups and a busy machine.
 */
export const costs = {
  /** Of Redis, for each message: number, store and link it. */
  redisAppendMicros: 65,
  /** Of Redis, for each instance that hears of a message, when no two share a write. */
  redisHearerMicros: 2.4,
  /** Of each instance, for a message that it hears of and has nobody for. */
  heardMicros: 55,
  /** Of one instance, for the post and its answer. */
  postMicros: 40,
  /** Of one instance, for a message on one connection; and when it is for every connection. */
  deliveryMicros: 20,
  broadcastDeliveryMicros: 7.5,
  connectionBytes: 5400,
  /** Of Redis, for a uid with one message that is kept, beside what more than one costs. */
  uidBytes: 640,
  entryBytes: 450,
  /** On the wire from Redis to each instance, for a message with a push text of 109 bytes. */
  announcedBytes: 264,
} as const;

export interface Deployment {
  readonly connections: number;
  readonly shards: number;
  /** One process on one core. */
  readonly connectionsPerInstance: number;
  readonly connectionsPerUid: number;
  /** In the hour in which most are sent. */
  readonly messagesPerUidPerHour: number;
  readonly broadcastsPerMinute: number;
}

export interface Load {
  readonly instances: number;
  readonly uids: number;
  readonly messagesPerSecond: number;
  /** Of one core, on the Redis of one shard, and on one instance. */
  readonly redisShare: number;
  readonly instanceShare: number;
  /** Out of the Redis of one shard. */
  readonly redisMegabitsPerSecond: number;
  readonly redisGigabytes: number;
}

/** The arithmetic: every shard has an equal part of the uids, and every instance hears all of its shard's messages. */
export function loadOf(deployment: Deployment): Load {
  const { connections, shards, connectionsPerInstance, connectionsPerUid, messagesPerUidPerHour } = deployment;
  const instances = Math.ceil(connections / connectionsPerInstance / shards) * shards;
  const uids = connections / connectionsPerUid;
  const messagesPerSecond = (uids * messagesPerUidPerHour) / 3600;
  const broadcastsPerSecond = deployment.broadcastsPerMinute / 60;
  // A broadcast is a message on each shard.
  const perShard = messagesPerSecond / shards + broadcastsPerSecond;
  const hearers = instances / shards;
  const redisMicros = perShard * (costs.redisAppendMicros + hearers * costs.redisHearerMicros);
  const instanceMicros =
    perShard * costs.heardMicros +
    (perShard / hearers) * costs.postMicros +
    (messagesPerSecond / instances) * connectionsPerUid * costs.deliveryMicros +
    broadcastsPerSecond * (connections / instances) * costs.broadcastDeliveryMicros;
  const keptMessages = messagesPerUidPerHour * (uids / shards);
  return {
    instances,
    uids,
    messagesPerSecond,
    redisShare: redisMicros / 1e6,
    instanceShare: instanceMicros / 1e6,
    redisMegabitsPerSecond: (perShard * hearers * costs.announcedBytes * 8) / 1e6,
    redisGigabytes:
      (Math.min(keptMessages, uids / shards) * costs.uidBytes +
        Math.max(0, keptMessages - uids / shards) * costs.entryBytes) /
      1e9,
  };
}
