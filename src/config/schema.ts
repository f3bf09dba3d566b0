import { z } from 'zod';
import { accessSettings } from './access-settings.ts';
import { DAY_MS, GIB, HOUR_MS, KIB, LONGEST_TIMER_MS, MIB, MINUTE_MS, SECOND_MS } from './amounts.ts';
import { connectionSettings } from './connection-settings.ts';
import {
  bytes,
  choice,
  count,
  directory,
  durationMs,
  host,
  instanceUrl,
  originList,
  pattern,
  portNumber,
  proxyList,
  queueUrl,
  truth,
  workerCount,
} from './kinds.ts';
import { tlsSettings } from './tls-settings.ts';
import { tokenSettings } from './token-settings.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/**
 * Every setting of the server: flags, environment, file, --help and docs/config.md are all derived from this one schema.
 * It reads what a source holds (`'1MiB'`, `'25s'`) and gives what the code uses (bytes, ms). A key's public name is the
 * key in kebab case without its unit, unless its meta gives another.
 */
export const configSchema = z.strictObject({
  host: host('127.0.0.1', {
    group: 'Listening',
    description:
      'Address of the public listener: posts, sockets, the demo page and the health checks. Beyond loopback it is refused unless senders and listeners are asked who they are (tidings keys), or insecure is set.',
  }),
  port: portNumber(3210, {
    group: 'Listening',
    aliases: ['post'],
    description: 'Port of the public listener.',
  }),
  adminHost: host('127.0.0.1', {
    group: 'Listening',
    description:
      'Address of the admin listener: statistics, metrics and the console. Beyond loopback it is refused unless insecure is set.',
  }),
  adminPort: portNumber(3219, {
    group: 'Listening',
    description: 'Port of the admin listener.',
  }),
  insecure: truth(false, {
    group: 'Listening',
    description:
      'Allows host and admin-host beyond loopback although something of what is there asks nobody who he is. Everybody who reaches the port can then do that.',
  }),
  origins: originList({
    group: 'Listening',
    description:
      'Other web origins whose pages may post and listen; https://*.example.com stands for all names below that one. Requests without an Origin header (backends, apps) are not concerned; * allows every page of the web, null every page without an origin of its own.',
  }),
  trustProxy: proxyList({
    group: 'Listening',
    description:
      'The proxies in front that are believed when they say in X-Forwarded-For whom they speak for, so that limits for each address are those of their clients. Of anybody else that header is ignored: list only those that set it themselves.',
  }),

  ...tlsSettings,

  queue: queueUrl({
    group: 'Queue',
    description:
      'How posts are accepted and handed on: list (in this process, gone when it stops), redis (stored in Redis, any number of instances) or bullmq (a job in Redis, with retries).',
  }),
  redisPrefix: pattern('1 to 64 of the characters A-Z a-z 0-9 _ . { } -', /^[A-Za-z0-9_.{}-]{1,64}$/, 'tidings', {
    group: 'Queue',
    description:
      'First part of every Redis key and channel. Deployments that share a Redis need a different one each; instances of one deployment need the same.',
  }),
  dataDir: directory({
    group: 'Queue',
    description:
      'Directory in which the list queue keeps what is accepted; a post is then answered once it is on disk. With none, what is accepted is gone when the process stops.',
  }),
  queueDeadlineMs: durationMs(
    { min: 10, max: MINUTE_MS, default: 2 * SECOND_MS },
    {
      group: 'Queue',
      description:
        'How long a post waits for the queue to accept it. After that it is answered 503, and the backend should try again.',
    },
  ),

  maxBodyBytes: bytes(
    { min: KIB, max: 64 * MIB, default: MIB },
    {
      group: 'Posting',
      description: 'Largest body of one post, a whole batch included. A larger one is answered 413.',
    },
  ),
  maxTopicIds: count(
    'ids',
    { min: 1, max: 1_000_000, default: 10_000 },
    { group: 'Posting', description: 'Most ids in the topic_ids of one envelope. One with more is answered 400.' },
  ),
  maxBatch: count(
    'envelopes',
    { min: 1, max: 1_000_000, default: 10_000 },
    {
      group: 'Posting',
      description: 'Most envelopes in one batch (an array, or NDJSON). One with more is answered 400.',
    },
  ),
  maxMessageBytes: bytes(
    { min: 128, max: 64 * MIB, default: MIB },
    {
      group: 'Posting',
      description:
        'Largest msg of one envelope, as it was written; a larger one is answered 400. It bounds a single message where max-body is raised for large batches.',
    },
  ),
  maxUidBytes: count(
    'bytes',
    { min: 1, max: 256, default: 256 },
    {
      group: 'Posting',
      description: 'Longest uid, in bytes of UTF-8, of an envelope and of a listener. A longer one is answered 400.',
    },
  ),
  maxHeadersBytes: bytes(
    { min: KIB, max: MIB, default: 16 * KIB },
    {
      group: 'Posting',
      description:
        'Most bytes that the path, the names and the values of the headers of one request may have together. More is answered 431.',
    },
  ),
  requestTimeoutMs: durationMs(
    { min: 100, max: 10 * MINUTE_MS, default: 10 * SECOND_MS },
    {
      group: 'Posting',
      description:
        'How long a client may take to send its whole request. A slower one is answered 408 and disconnected.',
    },
  ),

  ...accessSettings,
  ...tokenSettings,

  ...connectionSettings,

  retentionMessages: count(
    'messages',
    { min: 1, max: 100_000_000, default: 100_000 },
    {
      group: 'Journal',
      description:
        'Most messages that the journal keeps for clients that come back. Whichever of the three retention limits is reached first drops the oldest.',
    },
  ),
  retentionBytes: bytes(
    { min: 64 * KIB, max: 256 * GIB, default: 64 * MIB },
    { group: 'Journal', flag: 'retention-bytes', description: 'Most bytes of messages that the journal keeps.' },
  ),
  retentionMs: durationMs(
    { min: SECOND_MS, max: LONGEST_TIMER_MS, default: HOUR_MS },
    {
      group: 'Journal',
      description: 'How long the journal keeps a message. A client that was away for longer is told that it has a gap.',
    },
  ),
  mailboxMessages: count(
    'messages',
    { min: 1, max: 1_000_000, default: 1000 },
    {
      group: 'Journal',
      description:
        'Most messages of those addressed to one uid that a client of it gets when it comes back. One that missed more is told that it has a gap, and gets the newest.',
    },
  ),
  broadcastMessages: count(
    'messages',
    { min: 1, max: 10_000_000, default: 10_000 },
    {
      group: 'Journal',
      description:
        'Most messages of those addressed to all that a client gets when it comes back. One that missed more is told that it has a gap, and gets the newest.',
    },
  ),
  idRetentionMs: durationMs(
    { min: SECOND_MS, max: 30 * DAY_MS, default: DAY_MS },
    {
      group: 'Journal',
      description:
        'How long the id that a backend gave its post (id, or Idempotency-Key) is remembered. A post that comes again later than that is delivered again.',
    },
  ),
  idRetentionIds: count(
    'ids',
    { min: 1, max: 10_000_000, default: 200_000 },
    {
      group: 'Journal',
      description:
        'Most ids of backends that the list queue remembers; the oldest are forgotten first. Each takes about 200 bytes.',
    },
  ),

  workers: workerCount({
    group: 'Process',
    description:
      'How many processes share the public port, each with a part of the connections, while a post to any reaches all; auto: one for each core. With more than 1 a further process watches over them and has the admin port.',
  }),
  drainMs: durationMs(
    { min: 0, max: 10 * MINUTE_MS, default: 20 * SECOND_MS },
    {
      group: 'Process',
      description:
        'How long a stopping instance takes to hand its connections over, one by one, so that clients do not all come back at once; few take less, a second each. Another signal closes the rest at once; 0 closes all at once.',
    },
  ),
  backupOf: instanceUrl({
    group: 'Process',
    description:
      'The public address of the primary whose backup this instance is: once the primary has been ready for failback-after, this instance hands its clients back to it. It stays ready all the while.',
  }),
  failbackAfterMs: durationMs(
    { min: SECOND_MS, max: HOUR_MS, default: 30 * SECOND_MS },
    {
      group: 'Process',
      description:
        'How long a primary that was away must have been ready, without one failed answer, before it gets its clients back. Each time that it fails again soon after, this time doubles, up to 16 times.',
    },
  ),
  logLevel: choice(logLevels, 'info', {
    group: 'Process',
    description:
      'Least serious log line that is written; those of the audit are written at every level. silent writes none at all.',
  }),
});

/** The settings in force, in the units that the names carry. */
export type Config = Readonly<z.output<typeof configSchema>>;

export type ConfigKey = keyof Config;

/** What the server runs with when nobody says anything. */
export function defaultConfig(): Config {
  return Object.freeze(configSchema.parse({}));
}
