/**
 * `node build/bench/redis-fanout.js`: what one message costs Redis and each instance that hears of it and has nobody for it, by the number of
 * hearers; and what an announcement costs the other nodes of a Redis Cluster. CPU time of the processes (user + system), at a steady
 * rate, one message or two a call. Prints Markdown. About 40 s.
 */
import { connect } from 'node:net';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createRedisJournal } from '../src/journal/redis.ts';
import type { Journal } from '../src/journal/journal.ts';
import type { Message } from '../src/message/message.ts';
import type { Scope } from '../test/support/cleanup.ts';
import { createScope } from '../test/support/planned-scope.ts';
import { serverEntry } from '../test/support/project.ts';
import { startRedis } from '../test/support/redis.ts';
import { startClusterSet } from '../test/support/redis-cluster.ts';
import { startChild, type Child } from './child.ts';
import { cpuMicros } from './load/proc-stat.ts';

const messagesPerSecond = 2000;
const seconds = 4;
/** Beside two instances and the journal that appends. */
const hearerCounts = [0, 16, 64] as const;
const instanceCount = 2;
/** Announcements that are made one after the other, beside so many hearers. */
const alone = 3000;
const aloneHearers = [0, 64, 256] as const;
const hour = 3_600_000;

function message(index: number): Message {
  const push = `{"types":"notice","msg":"Your order ${index} is on its way and will arrive soon.","time":"2026-11-21 12:00:00"}`;
  return {
    id: `0190b6f0-0000-7000-8000-${String(index).padStart(12, '0')}`,
    fingerprint: '',
    uids: [`user-${index}`],
    type: 'notice',
    expiresAtMs: 0,
    push,
    retracts: 0,
    deliverAtMs: 0,
  };
}

/** Calls `each` at the rate, some at a time as a timer has them, and waits for all. How many there were. */
async function atRate(each: (index: number) => Promise<unknown>): Promise<number> {
  const waiting: Promise<unknown>[] = [];
  const startMs = performance.now();
  for (let sent = 0; sent < messagesPerSecond * seconds;) {
    const due = Math.min(((performance.now() - startMs) / 1000) * messagesPerSecond, messagesPerSecond * seconds);
    for (; sent < due; sent += 1) waiting.push(each((made += 1)));
    await delay(1);
  }
  await Promise.all(waiting);
  return waiting.length;
}

let made = 0;

function createPoster(port: number): Journal {
  const retention = {
    messages: 100_000,
    bytes: 64 * 1024 * 1024,
    ageMs: hour,
    mailboxMessages: 1000,
    broadcastMessages: 10_000,
    idMs: hour,
    ids: 1,
  };
  return createRedisJournal(
    { log: { info: () => {}, warn: () => {} }, clock: { now: Date.now, isExpired: () => false }, onExpired: () => {} },
    { settings: { host: '127.0.0.1', port, db: 0, tls: false }, prefix: 'tidings', deadlineMs: 10_000, retention },
  );
}

interface Cost {
  readonly redisMicros: number;
  readonly instanceMicros: number;
}

async function measure(hearers: number): Promise<Cost> {
  const scope = createScope();
  const instances: Child[] = [];
  try {
    const redis = await startRedis(scope);
    const args = [serverEntry, 'serve', '--port=0', '--admin-port=0', `--queue=redis/127.0.0.1:${redis.port}`];
    for (let count = 0; count < instanceCount; count += 1) {
      instances.push(
        await startChild('server', process.execPath, args, (line) =>
          line.includes('"event":"listening"') ? 'listening' : undefined,
        ),
      );
    }
    for (let count = 0; count < hearers; count += 1) await hear(redis.port, scope);
    const poster = createPoster(redis.port);
    await poster.start(() => {});
    const appendAlone = (index: number): Promise<unknown> => poster.append([message(index)]);
    const pids = instances.map(({ pid }) => pid);
    await appendAlone((made += 1));
    const idle = await during(() => delay(1000), redis.pid, pids);
    const busy = await during(() => atRate(appendAlone), redis.pid, pids);
    await poster.stop();
    const sent = messagesPerSecond * seconds;
    return {
      redisMicros: (busy.redis - idle.redis * seconds) / sent,
      instanceMicros: (busy.instances - idle.instances * seconds) / sent / instanceCount,
    };
  } finally {
    for (const instance of instances) await instance.stop();
    await scope.end();
  }
}

/** Listens as an instance does, and does nothing with what it hears. */
async function hear(port: number, scope: Scope): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  scope.after(() => Promise.resolve(void socket.destroy()));
  socket.write('SUBSCRIBE tidings:news\r\n');
  await once(socket, 'data');
  socket.on('data', () => {});
}

async function during(work: () => Promise<unknown>, redisPid: number, pids: readonly number[]) {
  const before = [cpuMicros([redisPid]), cpuMicros(pids)] as const;
  await work();
  return { redis: cpuMicros([redisPid]) - before[0], instances: cpuMicros(pids) - before[1] };
}

/** What a hearer costs Redis when announcements come one at a time, so that none shares a write with another. */
async function measureHearers(hearers: number): Promise<number> {
  const scope = createScope();
  try {
    const redis = await startRedis(scope);
    for (let count = 0; count < hearers; count += 1) await hear(redis.port, scope);
    const client = new Redis(redis.port);
    const text = message(0).push;
    await client.publish('tidings:news', text);
    const before = cpuMicros([redis.pid]);
    for (let sent = 0; sent < alone; sent += 1) await client.publish('tidings:news', text);
    const micros = (cpuMicros([redis.pid]) - before) / alone;
    client.disconnect();
    return micros;
  } finally {
    await scope.end();
  }
}

/** What PUBLISH on one node costs it and another node, on which nobody listens. */
async function measureBus(): Promise<{ readonly own: number; readonly other: number }> {
  const scope = createScope();
  try {
    const set = await startClusterSet(scope, { replicaFor: 'tidings' });
    const client = new Redis(set.owner.port);
    const [other] = set.others;
    const pids = [set.owner.pid, other?.pid ?? 0];
    const text = message(0).push;
    const before = pids.map((pid) => cpuMicros([pid]));
    const sent = await atRate(() => client.publish('news', text));
    const [own = 0, others = 0] = pids.map((pid, index) => (cpuMicros([pid]) - (before[index] ?? 0)) / sent);
    client.disconnect();
    return { own, other: others };
  } finally {
    await scope.end();
  }
}

const rows: string[] = [];
for (const hearers of hearerCounts) {
  const { redisMicros, instanceMicros } = await measure(hearers);
  rows.push(`| ${hearers + instanceCount + 1} | ${redisMicros.toFixed(1)} | ${instanceMicros.toFixed(1)} |`);
}
const aloneRows: string[] = [];
for (const hearers of aloneHearers) aloneRows.push(`| ${hearers} | ${(await measureHearers(hearers)).toFixed(1)} |`);
const bus = await measureBus();
process.stdout.write(
  `${messagesPerSecond} messages a second for ${seconds} s, to uids that nobody listens as. us of CPU a message:\n\n` +
    `| connections that hear | Redis | each instance |\n|---|---|---|\n${rows.join('\n')}\n\n` +
    `One announcement at a time. us of CPU of Redis each:\n\n| connections that hear | Redis |\n|---|---|\n${aloneRows.join('\n')}\n\n` +
    `PUBLISH on one of 3 masters and a replica of a Redis Cluster without hearers: ${bus.own.toFixed(1)} us there, ${bus.other.toFixed(1)} us on another node.\n`,
);
