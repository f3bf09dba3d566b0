import type { Server } from 'node:http';
import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { openStore, type OnDropped } from './app/open-store.ts';
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
import type { Health } from './journal/journal.ts';
import { createClock, type ClockStep } from './message/clock.ts';
import { createIdSource, type FillRandom } from './message/id.ts';
import type { Message } from './message/message.ts';
import { createPostReader } from './message/read-post.ts';
import { createWallClock } from './message/wall-clock.ts';
import { createAdmin } from './ops/admin.ts';
import { createAssets } from './ops/assets.ts';
import { createCounters } from './ops/counters.ts';
import { Drops } from './ops/drops.ts';
import type { Log } from './ops/log.ts';
import { createMessageDesk } from './ops/message-desk.ts';
import { version } from './ops/version.ts';
import type { QueueGuarantees } from './queue/queue.ts';
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

/** How often a stop looks whether the last connection has closed. */
const closingCheckMs = 10;

/** How often the clock is asked while nobody else does: a step of the machine's clock has to be seen in order to settle. */
const clockCheckMs = 1000;

/** The composition root: makes the parts in the order of the line, backwards. `app/open-store.ts` picks the drivers. */
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
  const newId = createIdSource(Date.now, fillRandom);
  const drops = new Drops(now);
  const onDropped: OnDropped = (reason, where, messages) => {
    counters[reason] += messages.length;
    for (const { id } of messages) drops.add(id, reason, where);
  };
  const onGap = (after: number, since: number): void => hub.gap(after, since);
  const store = await openStore(config, { now, clock, log, instance: newId(), onDropped, onGap });
  const { journal, queue, peers } = store;
  const head = (): number => journal.head();
  const acknowledge = (uid: string, mid: number): void => journal.acknowledge(uid, mid);
  const onExpired = ({ id }: Message): void => drops.add(id, 'expired', 'hub');
  const hub = new Hub({ clock, monotonicMs, mailboxes: journal, counters, onExpired }, config);
  const heartbeat = new Heartbeat(counters, config);
  const gateway = new Gateway({ hub, heartbeat, counters, head, acknowledge, monotonicMs }, config);

  let clockCheck: NodeJS.Timeout | undefined;
  let isServing = false;
  let isStopping = false;
  let stopBegins = (): void => {};
  const stopBegun = new Promise<void>((resolve) => (stopBegins = resolve));
  let starting: Promise<unknown> = Promise.resolve();
  const readiness = (): Health => (isStopping ? { ok: false, reason: 'The instance is stopping.' } : queue.health());

  const wallClock = createWallClock(Date.now);
  const readPost = createPostReader({ newId, wallClock, now: () => clock.now() }, config);
  const mayPost = createOriginRule(config.origins);
  const send = createSend({ queue, readPost, mayPost, counters, isStopping: () => isStopping, onFault }, config);
  const application = createApplication({ send, assets: createAssets(), readiness, onFault });
  const publicServer = serve(application.callback(), gateway.upgrade);

  const gauges = () => ({ connections: hub.size, behind: hub.behind, uids: hub.uids, mid: journal.head() });
  const messages = createMessageDesk({ journal, queue, hub, peers, clock, drops, newId, sinceMs: now() });
  const mayChange = createOriginRule([]);
  const { backlog } = queue;
  const admin = createAdmin({ counters, gauges, readiness, messages, backlog, mayChange, version, onFault }, config);
  const adminServer = serve(admin.callback());

  function serve(onRequest: HttpServerDeps['onRequest'], onUpgrade?: Gateway['upgrade']): Server {
    return createHttpServer({ onRequest, onUpgrade, onBroken: refuse }, config);
  }

  async function open(): Promise<Started | undefined> {
    // A store may take its time to answer; a stop does not wait for that.
    await Promise.race([journal.start((entries) => hub.publish(entries)), stopBegun]);
    if (isStopping) return undefined;
    await Promise.all([queue.start(), peers.start()]);
    heartbeat.start();
    clockCheck = setInterval(() => clock.now(), clockCheckMs);
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
      clearInterval(clockCheck);
      // Ends when what was on its way to the store is answered, so that those who posted it are as well.
      await Promise.all([journal.stop(), peers.stop()]);
      publicServer.closeAllConnections();
      adminServer.close();
      adminServer.closeAllConnections();
      if (isServing) log.info({ event: 'stopped' });
    },
  };
}

function describeStep({ byMs, adopted }: ClockStep): string {
  const step = `the clock of this machine has jumped by ${byMs} ms`;
  return adopted ? `${step} and stayed there: timeouts are judged by it now` : `${step}: not believed yet`;
}
