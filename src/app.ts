import type { Server } from 'node:http';
import { listenForAdmin } from './app/admin-door.ts';
import { openAccess } from './app/open-access.ts';
import { openAdminAccess } from './app/open-admin-access.ts';
import { certificateForAdmin, openCertificate } from './app/open-certificate.ts';
import { openFailback } from './app/open-failback.ts';
import { openStore, type OnDropped, type WorkerPart } from './app/open-store.ts';
import { openTokens } from './app/open-tokens.ts';
import { createProcessClock } from './app/process-clock.ts';
import { Reloads } from './app/reloads.ts';
import { createDrain } from './cluster/drain.ts';
import type { BackupReport } from './cluster/primary-watch.ts';
import { Lifecycle, type InstanceState } from './cluster/lifecycle.ts';
import { doorsOf } from './config/exposure.ts';
import type { Config } from './config/schema.ts';
import { Admission } from './gateway/admission.ts';
import { Gateway } from './gateway/gateway.ts';
import type { ProcessMemory } from './gateway/memory-guard.ts';
import { refuse } from './gateway/refuse.ts';
import { Heartbeat } from './hub/heartbeat.ts';
import { Hub } from './hub/hub.ts';
import { createApplication } from './ingress/application.ts';
import type { Certificate } from './ingress/certificate.ts';
import { endServer } from './ingress/end-server.ts';
import { createHttpServer, type HttpServerDeps } from './ingress/http-server.ts';
import { listen, type Listening } from './ingress/listen.ts';
import { createSend } from './ingress/send.ts';
import type { Health } from './journal/journal.ts';
import { createIdSource, type FillRandom } from './message/id.ts';
import type { Message } from './message/message.ts';
import { createPostReader, type PostLimit } from './message/read-post.ts';
import { createWallClock } from './message/wall-clock.ts';
import { createAdmin } from './ops/admin.ts';
import { createAssets } from './ops/assets.ts';
import { createCounters } from './ops/counters.ts';
import { Drops } from './ops/drops.ts';
import { auditLog, type Log } from './ops/log.ts';
import { createMessageDesk } from './ops/message-desk.ts';
import { version } from './ops/version.ts';
import { workerQuestion } from './ops/worker-question.ts';
import type { QueueGuarantees } from './queue/queue.ts';

export interface AppDeps {
  readonly config: Config;
  /** The operator has asked for this admin port: when it is taken, that is an error; else a free one is used. */
  readonly isAdminPortChosen: boolean;
  readonly log: Log;
  readonly fillRandom: FillRandom;
  readonly memory: ProcessMemory;
  /** It is a worker: its supervisor has the admin listener. */
  readonly worker?: WorkerPart;
}

/** What is open once the app has started. */
export interface Started {
  /** Undefined: a worker has none. */
  readonly public: Listening | undefined;
  /** Undefined: a worker has none. */
  readonly admin: Listening | undefined;
  readonly guarantees: QueueGuarantees;
  readonly readiness: Health;
}

export interface App {
  /**
   * Rejects with a ListenError when a port cannot be had. A store that is down is no error: it is waited for. Undefined: it was
   * stopped before it could listen.
   */
  start(): Promise<Started | undefined>;
  /**
   * Hands every connection over within about `drainMs`, answers posts meanwhile, hands on what was accepted and frees everything.
   * Called again it is the same stop. `hurried`: the connections that are left are closed at once.
   */
  stop(options?: { readonly hurried?: boolean }): Promise<void>;
  /** Reads anew what can be, such as a certificate, while it serves. What cannot be read stays as it is. Never rejects. */
  reload(): Promise<void>;
  /** Resolves when it has stopped, whoever asked for it. */
  readonly stopped: Promise<void>;
}

/** After this time without a request a stopping instance closes what is idle: a proxy that has more to send has sent it by then. */
const lingerMs = 1000;

/** How much longer than the queue's deadline a request that is under way may take. */
const requestGraceMs = 1000;

/** How often the clock is asked while nobody else does: a step of the machine's clock has to be seen in order to settle. */
const clockCheckMs = 1000;

/**
 * The composition root: makes the parts in the order of the line, backwards. `app/open-store.ts` picks the drivers. Rejects with a
 * KeyFileError or a TlsPairError.
 */
export async function createApp(deps: AppDeps): Promise<App> {
  const { config, isAdminPortChosen, log, fillRandom, memory, worker } = deps;
  const counters = createCounters();
  const onFault = (error: unknown): void => log.error({ event: 'fault', err: error }, 'a request failed');

  const { now, monotonicMs, clock } = createProcessClock({
    log,
    newestMid: () => journal.head(),
    known: worker?.time,
  });
  // First of all: what is wrong with a certificate or a file of keys is said before anything is open.
  const reloads = new Reloads(log);
  const certificate = worker === undefined ? openCertificate(config, { log, reloads }) : worker.certificate;
  const tokens = await openTokens(config, { log, monotonicMs, reloads });
  const newId = createIdSource(Date.now, fillRandom);
  const drops = new Drops(now);
  const onDropped: OnDropped = (reason, where, messages) => {
    counters[reason] += messages.length;
    for (const { id } of messages) drops.add(id, reason, where);
  };
  const onGap = (after: number, since: number): void => hub.gap(after, since);
  const instance = newId();
  const store = await openStore(config, { now, clock, log, instance, onDropped, onGap, worker });
  const { journal, queue, peers, watches, place } = store;
  const head = (): number => journal.head();
  const acknowledge = (uid: string, mid: number): void => journal.acknowledge(uid, mid);
  const onExpired = ({ id }: Message): void => drops.add(id, 'expired', 'hub');
  const hub = new Hub({ clock, monotonicMs, mailboxes: journal, counters, onExpired }, config);
  const heartbeat = new Heartbeat(counters, config);
  const access = await openAccess(config, {
    house: hub,
    peers,
    counters,
    log,
    now,
    monotonicMs,
    tokens,
    instance,
    worker,
    place,
  });
  const { random } = Math;
  const admission = new Admission({ counters, log, monotonicMs, random, memory }, config);
  const isLeaving = (): boolean => lifecycle.isLeaving;
  const gateway = new Gateway(
    { hub, heartbeat, admission, counters, head, acknowledge, monotonicMs, watches, isLeaving, onFault, ...access },
    config,
  );

  /** By which a backup knows that it watches itself: one for all workers. */
  const nameOutside = worker?.instance ?? instance;
  const failback = await openFailback(config, {
    hub,
    counters,
    log,
    now,
    monotonicMs,
    random,
    instance: nameOutside,
    worker,
  });

  let clockCheck: NodeJS.Timeout | undefined;
  let isServing = false;
  const lifecycle = new Lifecycle();
  const drain = createDrain({ hub, monotonicMs, random, log }, { ...config, processes: worker?.workers ?? 1 });
  /** Nobody is left who could hear what this process alone knows. */
  let isEmpty = false;
  const isClosed = (): boolean =>
    lifecycle.state === 'stopped' || (isEmpty && !queue.guarantees.survivesProcess && worker === undefined);
  let stopBegins = (): void => {};
  const stopBegun = new Promise<void>((resolve) => (stopBegins = resolve));
  let starting: Promise<unknown> = Promise.resolve();
  let stopping: Promise<void> | undefined;
  let hasStopped = (): void => {};
  const stopped = new Promise<void>((resolve) => (hasStopped = resolve));
  const readiness = (): Health =>
    lifecycle.isLeaving ? { ok: false, reason: 'The instance is draining.' } : queue.health();

  const wallClock = createWallClock(Date.now);
  const onOver = (limit: PostLimit): void => void (counters[limit] += 1);
  const readPost = createPostReader({ newId, wallClock, now: () => clock.now(), onOver }, config);
  const { mayPost, senders } = access;
  const send = createSend({ queue, readPost, mayPost, senders, counters, log, isClosed, onFault }, config);
  const application = createApplication({ send, assets: createAssets(), readiness, instance: nameOutside, onFault });
  const publicServer = serve(certificate, application.callback(), gateway.upgrade);

  const gauges = () => ({
    connections: hub.size,
    behind: hub.behind,
    uids: hub.uids,
    mid: journal.head(),
    lagMs: Math.round(admission.lagMs()),
    residentBytes: memory.residentBytes(),
  });
  const backup = (): BackupReport | null => failback?.report() ?? null;
  const messages = createMessageDesk({ journal, queue, hub, peers, clock, drops, newId, sinceMs: now() });
  const { users } = access;
  const adminAccess = openAdminAccess(config, { log: auditLog(log), monotonicMs });
  const { backlog } = queue;
  const state = (): InstanceState => lifecycle.state;
  const admin = createAdmin(
    {
      counters,
      gauges,
      keyCounts: senders.counts,
      readiness,
      state,
      backup,
      stop: (how) => void stop(how),
      messages,
      users,
      backlog,
      access: adminAccess,
      version,
      onFault,
    },
    config,
  );
  const adminServer = serve(certificateForAdmin(config, certificate), admin.callback());
  worker?.handlers.add(workerQuestion, () => ({
    worker: worker.number,
    readiness: readiness(),
    gauges: gauges(),
    counters: { ...counters },
    keys: senders.counts,
  }));

  function serve(
    presented: Certificate | undefined,
    onRequest: HttpServerDeps['onRequest'],
    onUpgrade?: Gateway['upgrade'],
  ): Server {
    const listenerCount = onUpgrade === undefined ? () => 0 : () => hub.size;
    return createHttpServer({ onRequest, onUpgrade, onBroken: refuse, counters, listenerCount }, config, presented);
  }

  async function open(): Promise<Started | undefined> {
    // A store may take its time to answer; a stop does not wait for that.
    await Promise.race([journal.start((entries) => hub.publish(entries)), stopBegun]);
    if (lifecycle.isLeaving) return undefined;
    await Promise.race([Promise.all([queue.start(), peers.start(), access.start()]), stopBegun]);
    if (lifecycle.isLeaving) return undefined;
    heartbeat.start();
    admission.start();
    clockCheck = setInterval(() => clock.now(), clockCheckMs);
    const publicAt = worker === undefined ? await listen(publicServer, { ...config, name: 'port' }) : undefined;
    worker?.door.open(publicServer);
    const adminAt = worker === undefined ? await listenForAdmin(adminServer, config, isAdminPortChosen) : undefined;
    isServing = true;
    lifecycle.goOn('ready');
    failback?.start();
    if (publicAt !== undefined && adminAt !== undefined) {
      const at = { url: publicAt.url, adminUrl: adminAt.url };
      log.info({ event: 'listening', ...at, queue: config.queue.kind, doors: doorsOf(config), version });
    }
    return { public: publicAt, admin: adminAt, guarantees: queue.guarantees, readiness: readiness() };
  }

  async function end(): Promise<void> {
    lifecycle.goOn('draining');
    failback?.stop();
    stopBegins();
    await starting;
    if (isServing) {
      const overMs = drain.isHurried ? 0 : config.drainMs;
      log.info({ event: 'draining', connections: hub.size, overMs }, 'handing over; another signal hurries');
      await drain.run();
      isEmpty = true;
      log.info({ event: 'drained' });
      const deadlineMs = lingerMs + config.queueDeadlineMs + requestGraceMs;
      const door = worker && { closeDoor: () => worker.door.close(), connections: () => worker.door.count };
      await endServer(publicServer, { lingerMs: drain.isHurried ? 0 : lingerMs, deadlineMs, ...door });
    }
    lifecycle.goOn('stopped');
    publicServer.close();
    await queue.stop();
    heartbeat.stop();
    admission.stop();
    clearInterval(clockCheck);
    // Ends when what was on its way to the store is answered, so that those who posted it are as well.
    await Promise.all([journal.stop(), peers.stop(), access.stop()]);
    publicServer.closeAllConnections();
    adminServer.close();
    adminServer.closeAllConnections();
    if (isServing) log.info({ event: 'stopped' });
    hasStopped();
  }

  function stop({ hurried = false } = {}): Promise<void> {
    if (hurried) drain.hurry();
    return (stopping ??= end());
  }

  return {
    start() {
      const opened = open();
      starting = opened.catch(() => {});
      return opened;
    },
    stop,
    reload: () => reloads.run(),
    stopped,
  };
}
