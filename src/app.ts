import type { Server } from 'node:http';
import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from './config/schema.ts';
import { Gateway } from './gateway/gateway.ts';
import { refuse } from './gateway/refuse.ts';
import { Heartbeat } from './hub/heartbeat.ts';
import { Hub } from './hub/hub.ts';
import { createApplication } from './ingress/application.ts';
import { createHttpServer, type HttpServerDeps } from './ingress/http-server.ts';
import { listen, type Listening } from './ingress/listen.ts';
import { createOriginRule } from './ingress/origin.ts';
import { createSend } from './ingress/send.ts';
import type { Health, Journal } from './journal/journal.ts';
import { createMemoryJournal } from './journal/memory.ts';
import { createClock, type Clock, type ClockStep } from './message/clock.ts';
import { createIdSource, type FillRandom } from './message/id.ts';
import { createPostReader } from './message/read-post.ts';
import { createWallClock } from './message/wall-clock.ts';
import { createAdmin } from './ops/admin.ts';
import { createAssets } from './ops/assets.ts';
import { createCounters, type Counters } from './ops/counters.ts';
import type { Log } from './ops/log.ts';
import { version } from './ops/version.ts';
import { createDirectQueue } from './queue/direct.ts';
import { createListQueue } from './queue/list.ts';
import type { Queue, QueueGuarantees } from './queue/queue.ts';
import { closeCodes } from './wire/close-codes.ts';

export interface AppDeps {
  readonly config: Config;
  /** The operator has asked for this admin port: when it is taken, that is an error; else a free one is used. */
  readonly isAdminPortChosen: boolean;
  readonly log: Log;
  readonly fillRandom: FillRandom;
}

/** What is open once the app has started. */
export interface Started {
  readonly public: Listening;
  readonly admin: Listening;
  readonly guarantees: QueueGuarantees;
  readonly readiness: Health;
}

export interface App {
  /**
   * Rejects with a ListenError when a port cannot be had. A store that is down is no error: it is waited for. Undefined: it was
   * stopped before it could listen.
   */
  start(): Promise<Started | undefined>;
  /** Hands on what was accepted, closes every connection with 1012 and frees everything, within about `drainMs`. */
  stop(): Promise<void>;
}

/** The most messages that wait in the list queue for the journal. */
const maxWaiting = 100_000;

/** How often a stop looks whether the last connection has closed. */
const closingCheckMs = 10;

/** The composition root: makes the parts in the order of the line, backwards. The only place that picks drivers. */
export async function createApp({ config, isAdminPortChosen, log, fillRandom }: AppDeps): Promise<App> {
  const startedMs = performance.timeOrigin;
  const now = (): number => startedMs + performance.now();
  const monotonicMs = (): number => performance.now();
  const counters = createCounters();
  const onFault = (error: unknown): void => log.error({ event: 'fault', err: error }, 'a request failed');

  const clock = createClock({
    wallMs: Date.now,
    monotonicMs,
    uptimeSeconds: uptime,
    newestMid: () => journal.head(),
    onStep: (step) => log.warn({ event: 'clock.step', ...step }, describeStep(step)),
  });
  const onGap = (after: number, since: number): void => hub.gap(after, since);
  const { journal, queue } = await openStore(config, { now, clock, log, counters, onGap });
  const head = (): number => journal.head();
  const acknowledge = (uid: string, mid: number): void => journal.acknowledge(uid, mid);
  const hub = new Hub({ clock, monotonicMs, mailboxes: journal, counters }, config);
  const heartbeat = new Heartbeat(counters, config);
  const gateway = new Gateway({ hub, heartbeat, counters, head, acknowledge, monotonicMs }, config);

  let isServing = false;
  let isStopping = false;
  let stopBegins = (): void => {};
  const stopBegun = new Promise<void>((resolve) => (stopBegins = resolve));
  let starting: Promise<unknown> = Promise.resolve();
  const readiness = (): Health => (isStopping ? { ok: false, reason: 'The instance is stopping.' } : queue.health());

  const wallClock = createWallClock(Date.now);
  const newId = createIdSource(Date.now, fillRandom);
  const readPost = createPostReader({ newId, wallClock, now: () => clock.now() }, config);
  const mayPost = createOriginRule(config.origins);
  const send = createSend({ queue, readPost, mayPost, counters, isStopping: () => isStopping, onFault }, config);
  const application = createApplication({ send, assets: createAssets(), readiness, onFault });
  const publicServer = serve(application.callback(), gateway.upgrade);

  const gauges = () => ({ connections: hub.size, behind: hub.behind, uids: hub.uids, mid: journal.head() });
  const admin = createAdmin({ counters, gauges, readiness, version, onFault });
  const adminServer = serve(admin.callback());

  function serve(onRequest: HttpServerDeps['onRequest'], onUpgrade?: Gateway['upgrade']): Server {
    return createHttpServer({ onRequest, onUpgrade, onBroken: refuse }, config);
  }

  async function open(): Promise<Started | undefined> {
    // A store may take its time to answer; a stop does not wait for that.
    await Promise.race([journal.start((entries) => hub.publish(entries)), stopBegun]);
    if (isStopping) return undefined;
    await queue.start();
    heartbeat.start();
    const publicAt = await listen(publicServer, { host: config.host, port: config.port, name: 'port' });
    const adminAt = await listen(adminServer, {
      host: config.adminHost,
      port: config.adminPort,
      name: 'admin-port',
      orAnyPort: !isAdminPortChosen,
    });
    isServing = true;
    log.info({ event: 'listening', url: publicAt.url, adminUrl: adminAt.url, queue: config.queue.kind, version });
    return { public: publicAt, admin: adminAt, guarantees: queue.guarantees, readiness: readiness() };
  }

  return {
    start() {
      const opened = open();
      starting = opened.catch(() => {});
      return opened;
    },

    async stop() {
      if (isStopping) return;
      isStopping = true;
      stopBegins();
      await starting;
      if (isServing) log.info({ event: 'stopping', connections: hub.size });
      gateway.close();
      publicServer.close();
      await queue.stop();
      hub.closeAll(closeCodes.serviceRestart, 'the server restarts');
      const endMs = monotonicMs() + config.drainMs;
      while (hub.size > 0 && monotonicMs() < endMs) await delay(closingCheckMs);
      hub.terminateAll();
      heartbeat.stop();
      // Ends when what was on its way to the store is answered, so that those who posted it are as well.
      await journal.stop();
      publicServer.closeAllConnections();
      adminServer.close();
      adminServer.closeAllConnections();
      if (isServing) log.info({ event: 'stopped' });
    },
  };
}

interface StoreDeps {
  readonly now: () => number;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly onGap: (after: number, since: number) => void;
}

/** The table of drivers. Those that need a package of their own are loaded only when they are wanted. */
async function openStore(config: Config, deps: StoreDeps): Promise<{ journal: Journal; queue: Queue }> {
  const { now, clock, log, counters, onGap } = deps;
  const retention = {
    messages: config.retentionMessages,
    bytes: config.retentionBytes,
    ageMs: config.retentionMs,
    mailboxMessages: config.mailboxMessages,
    broadcastMessages: config.broadcastMessages,
    idMs: config.idRetentionMs,
    ids: config.idRetentionIds,
  };
  const deadlineMs = config.queueDeadlineMs;
  const onExpired = (): void => {
    counters.expired += 1;
  };
  if (config.queue.kind === 'list') {
    if (config.dataDir !== undefined) {
      const { createDiskJournal } = await import('./journal/disk.ts');
      const journal = createDiskJournal({ now, clock, log, onExpired }, { dir: config.dataDir, retention, deadlineMs });
      return { journal, queue: createDirectQueue({ journal }) };
    }
    const journal = createMemoryJournal({ now, clock, onExpired }, retention);
    const onLost = (messages: readonly unknown[], error: unknown): void => {
      counters.lost += messages.length;
      log.error({ event: 'journal.refused', messages: messages.length, err: error });
    };
    return { journal, queue: createListQueue({ journal, onLost }, { maxWaiting }) };
  }
  const { kind, ...settings } = config.queue;
  const options = { settings, prefix: config.redisPrefix, deadlineMs, retention };
  const { createRedisJournal } = await import('./journal/redis.ts');
  const journal = createRedisJournal({ log, clock, onExpired, onGap }, options);
  if (kind === 'redis') return { journal, queue: createDirectQueue({ journal }) };
  const { createBullmqQueue } = await import('./queue/bullmq.ts');
  return { journal, queue: createBullmqQueue({ journal, log, clock, onExpired }, options) };
}

function describeStep({ byMs, adopted }: ClockStep): string {
  const step = `the clock of this machine has jumped by ${byMs} ms`;
  return adopted ? `${step} and stayed there: timeouts are judged by it now` : `${step}: not believed yet`;
}
