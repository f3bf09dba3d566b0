import { setTimeout as delay } from 'node:timers/promises';
import { Campaign } from './campaign.ts';
import { Crowd } from './crowd.ts';
import type { LatencySummary } from './latency-sample.ts';
import type { LoadPlan } from './plan.ts';
import { cpuMicros, machineBusyMicros, residentKb } from './proc-stat.ts';
import { runResume } from './resume.ts';
import { nowMicros } from './stamp.ts';
import { openStuck } from './stuck.ts';

/** What one run saw. Times of the measured phase only, warm-up left out; `problems` non-empty: the run is invalid. */
export interface LoadResult {
  problems: string;
  connections: number;
  connectSeconds: number;
  serverConnectMicros: number;
  residentKbPerConnection: number;
  residentKb: number;
  /** By how much resident memory has grown while messages were posted: the journal, and what connections hold. */
  residentGrownKb: number;
  posts: number;
  expectedDeliveries: number;
  deliveries: number;
  postSeconds: number;
  seconds: number;
  postsPerSecond: number;
  deliveriesPerSecond: number;
  serverMicrosPerPost: number;
  serverMicrosPerDelivery: number;
  /** Share of one core, from the first post to the last delivery. */
  serverCpu: number;
  generatorCpu: number;
  storeCpu: number;
  /** What everything else on the machine used of its cores, together: above 0.1 the run was disturbed. */
  foreignCpu: number;
  latency: LatencySummary;
  pacingLag: LatencySummary;
}

const noLatency: LatencySummary = { samples: 0, p50Micros: 0, p99Micros: 0, maxMicros: 0 };

/** A run that has seen nothing. */
export const emptyResult: LoadResult = {
  problems: '',
  connections: 0,
  connectSeconds: 0,
  serverConnectMicros: 0,
  residentKbPerConnection: 0,
  residentKb: 0,
  residentGrownKb: 0,
  posts: 0,
  expectedDeliveries: 0,
  deliveries: 0,
  postSeconds: 0,
  seconds: 0,
  postsPerSecond: 0,
  deliveriesPerSecond: 0,
  serverMicrosPerPost: 0,
  serverMicrosPerDelivery: 0,
  serverCpu: 0,
  generatorCpu: 0,
  storeCpu: 0,
  foreignCpu: 0,
  latency: noLatency,
  pacingLag: noLatency,
};

/** A second delivery of the last messages would come after the first; wait this long for it before the check. */
const SURPLUS_WAIT_MS = 100;

/** Connects, settles, warms up, measures, drains and checks every connection's count. */
export async function runPlan(plan: LoadPlan): Promise<LoadResult> {
  if (plan.missed > 0) return { ...emptyResult, ...(await runResume(plan)), connections: plan.connections };
  const crowd = new Crowd(plan);
  const residentBeforeKb = residentKb(plan.serverPids);
  const connectCpu = cpuMicros(plan.serverPids);
  const connectBegan = nowMicros();
  await crowd.open();
  const connectSeconds = (nowMicros() - connectBegan) / 1e6;
  const serverConnectMicros = cpuMicros(plan.serverPids) - connectCpu;
  await delay(plan.settleMs);
  const residentAfterKb = residentKb(plan.serverPids);
  const stuck = await openStuck(plan);

  const campaign = new Campaign(plan, crowd);
  if (plan.posters > 0 && plan.warmupMs > 0) {
    await campaign.phase(plan.warmupMs, plan.maxPosts);
    await campaign.drain();
  }
  crowd.latency.clear();
  campaign.lag.clear();
  const before = readClocks(plan, campaign, crowd);
  if (plan.posters > 0) {
    await campaign.phase(plan.durationMs, plan.maxPosts);
    await campaign.drain();
  }
  const after = readClocks(plan, campaign, crowd);
  await delay(SURPLUS_WAIT_MS);
  crowd.verify(campaign.accepted);
  const expectedDeliveries = campaign.owed - before.owed;
  const residentGrownKb = residentKb(plan.serverPids) - residentAfterKb;
  campaign.end();
  crowd.end();
  for (const socket of stuck) socket.destroy();

  const endMicros = Math.max(campaign.lastAnswerMicros, crowd.lastDeliveryMicros, before.at);
  const elapsedMicros = endMicros - before.at;
  const posts = after.accepted - before.accepted;
  const deliveries = after.delivered - before.delivered;
  const serverMicros = after.server - before.server;
  const generatorMicros = after.generator - before.generator;
  const storeMicros = after.store - before.store;
  const foreignMicros = after.machine - before.machine - serverMicros - generatorMicros - storeMicros;
  const postSeconds = Math.max(0, campaign.lastAnswerMicros - before.at) / 1e6;
  return {
    problems: crowd.describeProblems(),
    connections: plan.connections,
    connectSeconds,
    serverConnectMicros: per(serverConnectMicros, plan.connections),
    residentKbPerConnection: per(residentAfterKb - residentBeforeKb, plan.connections),
    residentKb: residentAfterKb,
    residentGrownKb,
    posts,
    expectedDeliveries,
    deliveries,
    postSeconds,
    seconds: elapsedMicros / 1e6,
    postsPerSecond: per(posts, postSeconds),
    deliveriesPerSecond: per(deliveries * 1e6, elapsedMicros),
    serverMicrosPerPost: per(serverMicros, posts),
    serverMicrosPerDelivery: per(serverMicros, deliveries),
    serverCpu: per(serverMicros, elapsedMicros),
    generatorCpu: per(generatorMicros, elapsedMicros),
    storeCpu: per(storeMicros, elapsedMicros),
    foreignCpu: Math.max(0, per(foreignMicros, elapsedMicros)),
    latency: crowd.latency.summary(),
    pacingLag: campaign.lag.summary(),
  };
}

function readClocks(plan: LoadPlan, campaign: Campaign, crowd: Crowd) {
  const { user, system } = process.cpuUsage();
  return {
    at: nowMicros(),
    owed: campaign.owed,
    accepted: campaign.accepted,
    delivered: crowd.delivered,
    server: cpuMicros(plan.serverPids),
    store: cpuMicros(plan.storePids),
    generator: user + system,
    machine: machineBusyMicros(),
  };
}

function per(amount: number, of: number): number {
  return of > 0 ? amount / of : 0;
}
