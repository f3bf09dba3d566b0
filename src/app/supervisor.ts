import type { App, AppDeps, Started } from '../app.ts';
import { createCaughtUpJournal } from '../cluster/caught-up.ts';
import { createCrew } from '../cluster/crew.ts';
import { createCrewDoor } from '../cluster/crew-door.ts';
import { createCrewPeers } from '../cluster/crew-peers.ts';
import type { WorkerOrders } from '../cluster/crew-messages.ts';
import { createFork } from '../cluster/fork-worker.ts';
import { createJournalServer } from '../cluster/journal-server.ts';
import { Lifecycle } from '../cluster/lifecycle.ts';
import { doorsOf } from '../config/exposure.ts';
import { refuse } from '../gateway/refuse.ts';
import { createHttpServer } from '../ingress/http-server.ts';
import type { Health } from '../journal/journal.ts';
import { createIdSource } from '../message/id.ts';
import { createAdmin } from '../ops/admin.ts';
import { createCounters } from '../ops/counters.ts';
import { createCrewCount } from '../ops/crew-count.ts';
import { addUp } from '../ops/crew-stats.ts';
import { Drops } from '../ops/drops.ts';
import { auditLog } from '../ops/log.ts';
import { createMessageDesk } from '../ops/message-desk.ts';
import { primaryQuestion } from '../ops/primary-question.ts';
import { version } from '../ops/version.ts';
import { workerQuestion } from '../ops/worker-question.ts';
import { listenForAdmin } from './admin-door.ts';
import { certificateForAdmin, openCertificate } from './open-certificate.ts';
import { openAccess } from './open-access.ts';
import { emptyHouse } from './open-standing.ts';
import { openPrimaryWatch } from './open-failback.ts';
import { openAdminAccess } from './open-admin-access.ts';
import { openStore, type OnDropped } from './open-store.ts';
import { openTokens } from './open-tokens.ts';
import { createProcessClock } from './process-clock.ts';
import { PublicDoor } from './public-door.ts';
import { Reloads } from './reloads.ts';
import { shareOf } from './worker-share.ts';

export interface SupervisorDeps extends Omit<AppDeps, 'worker'> {
  /** The file of this program, for the workers. */
  readonly program: string;
  readonly workers: number;
  /** Milliseconds of the machine's monotonic clock: all its processes share it. */
  readonly machineMs: () => number;
}

/** How much longer than its drain and the queue's deadline a worker may take to end. */
const stopGraceMs = 15_000;

/** How often the clock is asked while nobody else does. */
const clockCheckMs = 1000;

/**
 * The composition of many processes: this one has the admin listener and, for the queue list, the one journal; its workers have the
 * public listener. It serves no client itself, so that it has time for all of them.
 */
export async function createSupervisor(deps: SupervisorDeps): Promise<App> {
  const { config, isAdminPortChosen, log, fillRandom, memory, program, workers, machineMs } = deps;
  const isLinked = config.queue.kind === 'list';
  const counters = createCounters();
  const onFault = (error: unknown): void => log.error({ event: 'fault', err: error }, 'a request failed');
  const { now, monotonicMs, clock, tell } = createProcessClock({ log, newestMid: () => journal.head() });
  // The workers have the same certificate and file of keys: what is wrong with either is said before there are any.
  const reloads = new Reloads(log);
  const certificate = openCertificate(config, { log, reloads });
  const tokens = await openTokens(config, { log, monotonicMs, reloads });
  const newId = createIdSource(Date.now, fillRandom);
  const drops = new Drops(now);
  const onDropped: OnDropped = (reason, where, messages) => {
    // Of a linked journal the worker whose post it was counts it.
    if (isLinked) return;
    counters[reason] += messages.length;
    for (const { id } of messages) drops.add(id, reason, where);
  };
  const instance = newId();
  const store = await openStore(config, { now, clock, log, instance, onDropped, onGap: () => {} });
  const { journal, queue } = store;

  const share = shareOf(config, workers, memory);
  const door = createCrewDoor({ hand: (socket) => crew.hand(socket) });
  const scheme = certificate === undefined ? 'http' : 'https';
  const publicDoor = new PublicDoor(door, { ...config, name: 'port', scheme }, log);
  const crew = createCrew(
    {
      fork: createFork({ program, isLinked }),
      orders: (worker): WorkerOrders => ({
        worker,
        workers,
        config: share,
        isLinked,
        instance,
        time: tell(),
        tls: certificate?.pair,
      }),
      onForked(_worker, { link }) {
        if (link !== undefined) links.accept(link);
      },
      onAsk: (worker, name, about) => access.answerWorker?.(worker, name, about),
      onEnded(worker) {
        access.workerEnded(worker);
        count.ended(worker);
      },
      onReady() {
        publicDoor.reopen();
        door.handWaiting();
        tellOfPrimary();
      },
      onDeserted: () => publicDoor.shut(),
      onTaken: () => door.handWaiting(),
      onReturned: (socket) => publicDoor.take(socket),
      async closeDoor() {
        await publicDoor.close();
        await door.allHanded(() => crew.states().some(({ isReady }) => isReady));
        door.dropWaiting();
      },
      log,
      monotonicMs,
    },
    { workers, stopLimitMs: config.drainMs + config.queueDeadlineMs + stopGraceMs },
  );
  const links = createJournalServer({
    journal,
    machineMs,
    onLost(messages, error) {
      counters.lost += messages.length;
      for (const { id } of messages) drops.add(id, 'lost', 'append');
      log.error({ event: 'journal.refused', messages: messages.length, err: error });
    },
    onBroken(worker, reason) {
      log.error({ event: 'worker.broken', worker, reason });
      crew.kill(worker);
    },
  });
  const count = createCrewCount({
    ask: async () => (await crew.ask(workerQuestion, null)).answers,
    states: crew.states,
  });
  const primary = await openPrimaryWatch(config, { log, now, monotonicMs, instance, onWell: () => tellOfPrimary() });
  const tellOfPrimary = (): void => {
    if (primary !== undefined) void crew.ask(primaryQuestion, primary.isWell);
  };
  const backup = () => primary?.report() ?? null;
  const peers = isLinked ? createCrewPeers(crew) : store.peers;

  const lifecycle = new Lifecycle();
  const readiness = (): Health =>
    lifecycle.isLeaving ? { ok: false, reason: 'The instance is draining.' } : queue.health();
  const gauges = () => ({ mid: journal.head(), residentBytes: memory.residentBytes() });
  const hub = { receipt: () => undefined };
  const asked = isLinked ? createCaughtUpJournal(journal, links.caughtUp) : journal;
  const messages = createMessageDesk({ journal: asked, queue, hub, peers, clock, drops, newId, sinceMs: now() });
  const { place } = store;
  const access = await openAccess(config, {
    house: emptyHouse,
    peers,
    counters,
    log,
    now,
    monotonicMs,
    tokens,
    instance,
    place,
  });
  const { users } = access;
  const admin = createAdmin(
    {
      counters,
      gauges,
      keyCounts: {},
      readiness,
      state: () => lifecycle.state,
      stop: (how) => void stop(how),
      backup,
      async crew() {
        const answers = await count.answers();
        const own = { gauges: gauges(), counters: { ...counters }, backup: backup() };
        return addUp(own, crew.states(), answers, count.counted());
      },
      messages,
      users,
      backlog: queue.backlog,
      access: openAdminAccess(config, { log: auditLog(log), monotonicMs }),
      version,
      onFault,
    },
    config,
  );
  const adminServer = createHttpServer(
    { onRequest: admin.callback(), onBroken: refuse, counters },
    config,
    certificateForAdmin(config, certificate),
  );

  let clockCheck: NodeJS.Timeout | undefined;
  let isServing = false;
  let isHurried = false;
  let stopBegins = (): void => {};
  const stopBegun = new Promise<void>((resolve) => (stopBegins = resolve));
  let starting: Promise<unknown> = Promise.resolve();
  let stopping: Promise<void> | undefined;
  let hasStopped = (): void => {};
  const stopped = new Promise<void>((resolve) => (hasStopped = resolve));

  async function open(): Promise<Started | undefined> {
    // A store may take its time to answer; a stop does not wait for that.
    await Promise.race([journal.start(isLinked ? links.follower : () => {}), stopBegun]);
    if (lifecycle.isLeaving) return undefined;
    await Promise.race([Promise.all([queue.start(), peers.start(), access.start()]), stopBegun]);
    if (lifecycle.isLeaving) return undefined;
    clockCheck = setInterval(() => clock.now(), clockCheckMs);
    const adminAt = await listenForAdmin(adminServer, config, isAdminPortChosen);
    await Promise.race([crew.start(), stopBegun]);
    if (lifecycle.isLeaving) return undefined;
    // Not sooner: who comes before somebody can answer is refused, so that a proxy goes elsewhere with it at once.
    const publicAt = await publicDoor.open();
    if (lifecycle.isLeaving) return undefined;
    isServing = true;
    lifecycle.goOn('ready');
    primary?.start();
    const { url } = publicAt;
    const at = { url, adminUrl: adminAt.url };
    log.info({ event: 'listening', ...at, queue: config.queue.kind, doors: doorsOf(config), workers, version });
    return { public: publicAt, admin: adminAt, guarantees: queue.guarantees, readiness: readiness() };
  }

  async function end(): Promise<void> {
    await starting;
    await crew.stop({ hurried: isHurried });
    count.stop();
    lifecycle.goOn('stopped');
    await queue.stop();
    clearInterval(clockCheck);
    links.stop();
    await Promise.all([journal.stop(), peers.stop(), access.stop()]);
    adminServer.close();
    adminServer.closeAllConnections();
    if (isServing) log.info({ event: 'stopped' });
    hasStopped();
  }

  function stop({ hurried = false } = {}): Promise<void> {
    isHurried ||= hurried;
    lifecycle.goOn('draining');
    primary?.stop();
    stopBegins();
    if (stopping !== undefined && hurried) void crew.stop({ hurried });
    return (stopping ??= end());
  }

  return {
    start() {
      const opened = open();
      starting = opened.catch(() => {});
      return opened;
    },
    stop,
    async reload() {
      await reloads.run();
      crew.tell({ type: 'reload', tls: certificate?.pair });
    },
    stopped,
  };
}
