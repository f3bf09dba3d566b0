import { Socket } from 'node:net';
import { createApp, type App } from '../app.ts';
import { linkFds, type FromWorker, type PemPair, type ToWorker, type WorkerOrders } from '../cluster/crew-messages.ts';
import type { LinkEnds } from '../cluster/link-frames.ts';
import { createLinkOutlet } from '../cluster/link-outlet.ts';
import { Handlers } from '../cluster/handlers.ts';
import { createSupervisorLine } from '../cluster/supervisor-line.ts';
import type { ProcessMemory } from '../gateway/memory-guard.ts';
import { Certificate } from '../ingress/certificate.ts';
import { HandedConnections } from '../ingress/handed-connections.ts';
import type { FillRandom } from '../message/id.ts';
import { createLog } from '../ops/log.ts';
import type { WorkerDoor } from './open-store.ts';

/** The channel to the supervisor. */
export interface SupervisorChannel {
  send(message: FromWorker): void;
  /** With the socket that came with it, if one did. */
  onMessage(heed: (message: ToWorker, socket: Socket | undefined) => void): void;
}

export interface WorkerDeps {
  readonly channel: SupervisorChannel;
  readonly fillRandom: FillRandom;
  readonly memory: ProcessMemory;
  /** Milliseconds of the machine's monotonic clock: all its processes share it. */
  readonly machineMs: () => number;
  /** Ends the process. */
  readonly leave: () => void;
}

/** A process that takes posts and listeners at the public door, for a supervisor which has all the rest. */
export function runWorker({ channel, fillRandom, memory, machineMs, leave }: WorkerDeps): void {
  const handlers = new Handlers();
  const line = createSupervisorLine((message) => channel.send(message));
  const connections = new HandedConnections();
  let app: App | undefined;
  let creating: Promise<App> | undefined;
  let certificate: Certificate | undefined;
  let mayEnd = (): void => {};
  const end = new Promise<void>((resolve) => (mayEnd = resolve));

  async function start({ worker, workers, config, isLinked, instance, time, tls }: WorkerOrders): Promise<void> {
    const log = createLog(config.logLevel).child({ worker });
    const onLost = (): void => {
      log.error({ event: 'supervisor.lost' });
      leave();
    };
    const connect = (): Promise<LinkEnds> =>
      Promise.resolve({
        source: new Socket({ fd: linkFds.read, readable: true, writable: false }),
        outlet: createLinkOutlet(linkFds.written),
      });
    const link = isLinked ? { connect, machineMs, onLost } : undefined;
    const door: WorkerDoor = {
      open: (server) => connections.open(server),
      get count() {
        return connections.count;
      },
      close() {
        channel.send({ type: 'drained' });
        return end;
      },
    };
    certificate = tls && new Certificate(tls);
    const part = { number: worker, workers, instance, handlers, line, door, time, link, certificate };
    creating = createApp({ config, isAdminPortChosen: false, log, fillRandom, memory, worker: part });
    app = await creating;
    void app.stopped.then(leave);
    if ((await app.start()) !== undefined) channel.send({ type: 'ready' });
  }

  async function reload(tls: PemPair | undefined): Promise<void> {
    if (tls !== undefined) certificate?.replace(tls);
    const created = await creating;
    await created?.reload();
  }

  channel.onMessage((message, socket) => {
    switch (message.type) {
      case 'start':
        void start(message.orders);
        return;
      case 'connection':
        channel.send({ type: 'taken', number: message.number });
        if (socket !== undefined) connections.take(socket);
        return;
      case 'ping':
        return channel.send({ type: 'pong' });
      case 'stop':
        if (app === undefined) leave();
        else void app.stop({ hurried: message.hurried });
        return;
      case 'reload':
        void reload(message.tls);
        return;
      case 'end':
        return mayEnd();
      case 'answer':
        return line.answered(message.ask, message.answer);
      case 'ask':
        channel.send({ type: 'reply', ask: message.ask, answer: handlers.answer(message.name, message.about) });
    }
  });
  channel.send({ type: 'hello' });
}
