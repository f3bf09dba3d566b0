/**
 * `node build/bench/redis-memory.js [--uids=100000]`: what mailboxes cost Redis. Appends one message to each of many uids through the
 * journal, to a redis-server of its own with default settings, and tells `used_memory` by what it is for. Prints Markdown.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { createRedisJournal } from '../src/journal/redis.ts';
import type { Message } from '../src/message/message.ts';
import { freePort } from '../test/support/free-port.ts';
import { startChild } from './child.ts';

const { values } = parseArgs({ options: { uids: { type: 'string', default: '100000' } } });
const uidCount = Number(values.uids);
const port = await freePort();
const batch = 500;
const day = 24 * 3_600_000;

function message(index: number, fingerprint: string): Message {
  const id = `0190b6f0-0000-7000-8000-${String(index).padStart(12, '0')}`;
  const push = `{"types":"notice","msg":"Your order ${index} is on its way and will arrive soon.","time":"2026-11-21 12:00:00"}`;
  return {
    id,
    fingerprint,
    uids: [`user-${index}`],
    type: 'notice',
    expiresAtMs: 0,
    push,
    retracts: 0,
    deliverAtMs: 0,
  };
}

/** Bytes that `MEMORY USAGE` gives for a key, which leaves out its place in the tables of keys and of expiries. */
async function sizeOf(redis: Redis, key: string): Promise<number> {
  return Number(await redis.call('memory', 'usage', key, 'samples', '0'));
}

async function usedMemory(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
}

async function measure(redis: Redis, fingerprint: string): Promise<string> {
  await redis.flushall();
  const retention = {
    messages: 1e9,
    bytes: 1e12,
    ageMs: day,
    mailboxMessages: 1000,
    broadcastMessages: 10_000,
    idMs: day,
    ids: 1,
  };
  const journal = createRedisJournal(
    { log: { info: () => {}, warn: () => {} }, clock: { now: Date.now, isExpired: () => false }, onExpired: () => {} },
    { settings: { host: '127.0.0.1', port, db: 0, tls: false }, prefix: 'tidings', deadlineMs: 10_000, retention },
  );
  await journal.start(() => {});
  while (!journal.health().ok) await delay(20);
  await journal.append([message(0, fingerprint)]);
  const before = await usedMemory(redis);
  for (let from = 1; from <= uidCount; from += batch) {
    await journal.append(Array.from({ length: batch }, (_, index) => message(from + index, fingerprint)));
  }
  await delay(500);
  const perUid = ((await usedMemory(redis)) - before) / uidCount;
  const counted = Number(await redis.hget('tidings:state', 'bytes')) / uidCount;
  for (let index = 0; index <= uidCount; index += 1) journal.acknowledge(`user-${index}`, journal.head());
  const withoutAcks = await usedMemory(redis);
  while ((await redis.zcard('tidings:acks')) <= uidCount * 0.99) await delay(50);
  const perAck = ((await usedMemory(redis)) - withoutAcks) / uidCount;
  const stream = (await sizeOf(redis, 'tidings:log')) / uidCount;
  const mailbox = await sizeOf(redis, 'tidings:m:user-777');
  const id = await sizeOf(redis, `tidings:i:${message(777, '').id}`);
  await journal.stop();
  const cells = [perUid, counted, stream, mailbox, id, perAck].map((bytes) => bytes.toFixed(0));
  return `| ${fingerprint === '' ? 'ours' : "the caller's"} | ${cells.join(' | ')} |`;
}

const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
const server = await startChild('load', 'redis-server', args, (line) =>
  line.includes('Ready to accept connections') ? 'ready' : undefined,
);
const redis = new Redis(port);
redis.on('error', () => {});
try {
  const version = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1];
  const rows = [await measure(redis, ''), await measure(redis, 'abcdefghijklmnopqrstuv')];
  const { push } = message(1, '');
  process.stdout.write(
    `Redis ${version}, default settings, ${uidCount} uids, one message of ${push.length} bytes each. Bytes a uid:\n\n` +
      '| id | used_memory | as the journal counts | log | mailbox | id key | ack cursor, if any |\n|---|---|---|---|---|---|---|\n' +
      `${rows.join('\n')}\n`,
  );
} finally {
  redis.disconnect();
  await server.stop();
}
