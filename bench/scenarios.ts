import type { LoadPlan } from './load/plan.ts';
import type { LoadResult } from './load/run-plan.ts';
import type { ServerName } from './servers.ts';

/** One server under one load. */
export interface Side {
  server: ServerName;
  plan: Partial<LoadPlan>;
}

/** What a scenario must reach: a ratio to the first peer, or the figure itself. */
export interface Target {
  of: 'ratio' | 'figure';
  better: 'higher' | 'lower';
  atLeast: number;
  aim: number;
}

/** A load, the figure that it yields, and the peers that stand beside Tidings in the same run. */
export interface Scenario {
  name: string;
  work: string;
  unit: string;
  figure: (result: LoadResult) => number;
  subject: Side;
  peers: Side[];
  target: Target;
}

const deliveriesPerSecond = (result: LoadResult) => result.deliveriesPerSecond;
const serverMicrosPerPost = (result: LoadResult) => result.serverMicrosPerPost;
const serverMicrosPerDelivery = (result: LoadResult) => result.serverMicrosPerDelivery;
const postsPerSecond = (result: LoadResult) => result.postsPerSecond;

const IDLE_CONNECTIONS = 19_000;

const broadcast1000: Partial<LoadPlan> = { connections: 1_000, posters: 8 };
const broadcast10000: Partial<LoadPlan> = { connections: 10_000, posters: 8 };
/** Two requests under way keep the server busy while the generator reads what the one before gave. */
const batch1000: Partial<LoadPlan> = { connections: 1_000, batch: 1_000, posters: 2, sampleEvery: 10_007 };
const singleUid: Partial<LoadPlan> = { connections: 10_000, audience: 'single', posters: 32, sampleEvery: 7 };
const nobody: Partial<LoadPlan> = { connections: 0, audience: 'nobody', posters: 32 };
const idle: Partial<LoadPlan> = { connections: IDLE_CONNECTIONS, posters: 0, settleMs: 5_000 };
const posts: Partial<LoadPlan> = { connections: 1_000, audience: 'single', posters: 32, sampleEvery: 7 };
const paced: Partial<LoadPlan> = { ...posts, postsPerSecond: 1_000, sampleEvery: 1, durationMs: 5_000 };
/** Broadcasts at a rate that 1,000 connections take with ease. */
const steady: Partial<LoadPlan> = {
  connections: 1_000,
  posters: 8,
  postsPerSecond: 50,
  sampleEvery: 7,
  durationMs: 5_000,
};
/**
 * At the limit, and at one rate on both sides that one process takes with ease. Each of three processes has to warm up: until each has compiled what it
 * does again and again takes its posts, and at this rate so many seconds.
 */
const crewBroadcastLimit: Partial<LoadPlan> = { ...broadcast1000, sampleEvery: 10_007, warmupMs: 4_000 };
const crewBroadcast: Partial<LoadPlan> = { ...broadcast1000, postsPerSecond: 100, warmupMs: 4_000 };
const crewSingleLimit: Partial<LoadPlan> = { ...posts, warmupMs: 4_000 };
const crewSingle: Partial<LoadPlan> = { ...posts, postsPerSecond: 3_000, warmupMs: 12_000 };
const resume: Partial<LoadPlan> = { connections: 1_000, missed: 100 };

function socketIo(plan: Partial<LoadPlan>): Side {
  return { server: 'socket-io', plan: { ...plan, protocol: 'socket.io' } };
}

/** The table "Speed and memory to reach", row by row. The ratio is to the first peer; further ones are for context. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'broadcast-1000',
    work: 'broadcast, 1,000 connections, 8 keep-alive posters',
    unit: 'deliveries/s',
    figure: deliveriesPerSecond,
    subject: { server: 'tidings-list', plan: broadcast1000 },
    peers: [{ server: 'plain-ws', plan: broadcast1000 }, socketIo(broadcast1000)],
    target: { of: 'ratio', better: 'higher', atLeast: 6, aim: 9 },
  },
  {
    name: 'broadcast-10000',
    work: 'broadcast, 10,000 connections, 8 keep-alive posters',
    unit: 'deliveries/s',
    figure: deliveriesPerSecond,
    subject: { server: 'tidings-list', plan: broadcast10000 },
    peers: [{ server: 'plain-ws', plan: broadcast10000 }, socketIo(broadcast10000)],
    target: { of: 'ratio', better: 'higher', atLeast: 5, aim: 10 },
  },
  {
    name: 'single-uid',
    work: 'one uid of 10,000 connections, 32 posters',
    unit: 'us of server CPU/post',
    figure: serverMicrosPerPost,
    subject: { server: 'tidings-list', plan: singleUid },
    peers: [{ server: 'plain-ws', plan: singleUid }, socketIo(singleUid)],
    target: { of: 'ratio', better: 'lower', atLeast: 1.25, aim: 1 },
  },
  {
    name: 'batch-1000',
    work: 'batch of 1,000 broadcasts in one request, 1,000 connections (plain-ws: one by one)',
    unit: 'deliveries/s',
    figure: deliveriesPerSecond,
    subject: { server: 'tidings-list', plan: batch1000 },
    peers: [{ server: 'plain-ws', plan: broadcast1000 }],
    target: { of: 'ratio', better: 'higher', atLeast: 40, aim: 110 },
  },
  {
    name: 'nobody',
    work: 'POST to a uid that nobody listens as, 32 posters',
    unit: 'us of server CPU/post',
    figure: serverMicrosPerPost,
    subject: { server: 'tidings-list', plan: nobody },
    peers: [{ server: 'plain-http', plan: nobody }],
    target: { of: 'ratio', better: 'lower', atLeast: 1.6, aim: 1.2 },
  },
  {
    name: 'idle-memory',
    work: 'resident memory per idle connection at 19,000',
    unit: 'KB/connection',
    figure: (result) => result.residentKbPerConnection,
    subject: { server: 'tidings-list', plan: idle },
    peers: [{ server: 'plain-ws', plan: idle }, socketIo(idle)],
    target: { of: 'figure', better: 'lower', atLeast: 8, aim: 6 },
  },
  {
    name: 'durable-list',
    work: 'list queue with --data-dir, 32 posters to single uids of 1,000 connections, against list without',
    unit: 'posts/s',
    figure: postsPerSecond,
    subject: { server: 'tidings-durable-list', plan: posts },
    peers: [{ server: 'tidings-list', plan: posts }],
    target: { of: 'ratio', better: 'higher', atLeast: 0.7, aim: 0.9 },
  },
  {
    name: 'secured-broadcast',
    work: 'broadcast, 1,000 connections, 8 keep-alive posters: keys, tokens, origins and limits on, against none',
    unit: 'deliveries/s',
    figure: deliveriesPerSecond,
    subject: { server: 'tidings-secured', plan: broadcast1000 },
    peers: [{ server: 'tidings-list', plan: broadcast1000 }],
    target: { of: 'ratio', better: 'higher', atLeast: 0.9, aim: 0.95 },
  },
  {
    name: 'secured-single-uid',
    work: 'one uid of 10,000 connections, 32 posters: keys, tokens, origins and limits on, against none',
    unit: 'us of server CPU/post',
    figure: serverMicrosPerPost,
    subject: { server: 'tidings-secured', plan: singleUid },
    peers: [{ server: 'tidings-list', plan: singleUid }],
    target: { of: 'ratio', better: 'lower', atLeast: 1.1, aim: 1.05 },
  },
  {
    name: 'secured-memory',
    work: 'resident memory per idle connection at 19,000: keys, tokens, origins and limits on, against none',
    unit: 'KB/connection',
    figure: (result) => result.residentKbPerConnection,
    subject: { server: 'tidings-secured', plan: idle },
    peers: [{ server: 'tidings-list', plan: idle }],
    target: { of: 'ratio', better: 'lower', atLeast: 1.25, aim: 1.1 },
  },
  {
    name: 'workers-broadcast-limit',
    work: '8 posters broadcast to 1,000 connections, with 2 workers on one core, against one process',
    unit: 'us of server CPU/delivery',
    figure: serverMicrosPerDelivery,
    subject: { server: 'tidings-workers', plan: crewBroadcastLimit },
    peers: [{ server: 'tidings-list', plan: crewBroadcastLimit }],
    target: { of: 'ratio', better: 'lower', atLeast: 1.3, aim: 1.1 },
  },
  {
    name: 'workers-single-uid-limit',
    work: '32 posters post to single uids of 1,000 connections, with 2 workers on one core, against one process',
    unit: 'us of server CPU/delivery',
    figure: serverMicrosPerDelivery,
    subject: { server: 'tidings-workers', plan: crewSingleLimit },
    peers: [{ server: 'tidings-list', plan: crewSingleLimit }],
    target: { of: 'ratio', better: 'lower', atLeast: 1.3, aim: 1.1 },
  },
  {
    name: 'workers-broadcast',
    work: '100 broadcasts/s to 1,000 connections, with 2 workers on one core, against one process',
    unit: 'us of server CPU/delivery',
    figure: serverMicrosPerDelivery,
    subject: { server: 'tidings-workers', plan: crewBroadcast },
    peers: [{ server: 'tidings-list', plan: crewBroadcast }],
    target: { of: 'ratio', better: 'lower', atLeast: 1.3, aim: 1.1 },
  },
  {
    name: 'workers-single-uid',
    work: '3,000 posts/s to single uids of 1,000 connections, with 2 workers on one core, against one process',
    unit: 'us of server CPU/delivery',
    figure: serverMicrosPerDelivery,
    subject: { server: 'tidings-workers', plan: crewSingle },
    peers: [{ server: 'tidings-list', plan: crewSingle }],
    target: { of: 'ratio', better: 'lower', atLeast: 1.3, aim: 1.1 },
  },
  {
    name: 'redis-posts',
    work: 'redis queue, one instance, 32 posters to single uids of 1,000 connections, against list',
    unit: 'posts/s',
    figure: postsPerSecond,
    subject: { server: 'tidings-redis', plan: posts },
    peers: [{ server: 'tidings-list', plan: posts }],
    target: { of: 'ratio', better: 'higher', atLeast: 0.5, aim: 0.8 },
  },
  {
    name: 'bullmq-posts',
    work: 'bullmq queue, one instance, 32 posters to single uids of 1,000 connections',
    unit: 'posts/s',
    figure: postsPerSecond,
    subject: { server: 'tidings-bullmq', plan: { ...posts, quietMs: 10_000 } },
    peers: [],
    target: { of: 'figure', better: 'higher', atLeast: 2_500, aim: 6_000 },
  },
  {
    name: 'latency',
    work: 'latency POST -> frame, 1,000 posts/s to single uids of 1,000 connections: p99',
    unit: 'ms',
    figure: (result) => result.latency.p99Micros / 1_000,
    subject: { server: 'tidings-list', plan: paced },
    peers: [{ server: 'plain-ws', plan: paced }, socketIo(paced)],
    target: { of: 'figure', better: 'lower', atLeast: 5, aim: 2 },
  },
  {
    name: 'slow-readers',
    work: 'latency of 50 broadcasts/s to 1,000 connections beside 50 that never read: p99, against without the 50',
    unit: 'ms',
    figure: (result) => result.latency.p99Micros / 1_000,
    subject: { server: 'tidings-list', plan: { ...steady, stuck: 50 } },
    peers: [{ server: 'tidings-list', plan: steady }],
    target: { of: 'ratio', better: 'lower', atLeast: 1.5, aim: 1.1 },
  },
  {
    name: 'resume-list',
    work: '1,000 clients come back at once, each to 100 messages that it missed',
    unit: 's until the last has all',
    figure: (result) => result.seconds,
    subject: { server: 'tidings-list', plan: resume },
    peers: [],
    target: { of: 'figure', better: 'lower', atLeast: 2, aim: 1 },
  },
  {
    name: 'resume-redis',
    work: 'the same with the redis queue',
    unit: 's until the last has all',
    figure: (result) => result.seconds,
    subject: { server: 'tidings-redis', plan: resume },
    peers: [],
    target: { of: 'figure', better: 'lower', atLeast: 4, aim: 2 },
  },
];

/** The positive control: a server that loses one delivery in a thousand. A harness that calls it valid is broken. */
export const CONTROL: Side = {
  server: 'plain-ws-lossy',
  plan: { connections: 100, posters: 4, durationMs: 500, warmupMs: 0, settleMs: 100, quietMs: 500 },
};
