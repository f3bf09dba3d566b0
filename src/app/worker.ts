import { Socket } from 'node:net';
import { createApp, type App } from '../app.ts';
import { linkFd, type FromWorker, type ToWorker, type WorkerOrders } from '../cluster/crew-messages.ts';
import { Handlers } from '../cluster/handlers.ts';
import type { ProcessMemory } from '../gateway/memory-guard.ts';
import { ListenError } from '../ingress/listen.ts';
import type { FillRandom } from '../message/id.ts';
import { createLog } from '../ops/log.ts';

/** The channel to the supervisor. */
export interface SupervisorChannel {
  send(message: FromWorker): void;
  onMessage(heed: (message: ToWorker) => void): void;
}

export interface WorkerDeps {
  readonly channel: SupervisorChannel;
  readonly fillRandom: FillRandom;
  readonly memory: ProcessMemory;
  /** Ends the process. */
  readonly leave: () => void;
}

/** A process that takes posts and listeners at the public door, for a supervisor which has all the rest. */
export function runWorker({ channel, fillRandom, memory, leave }: WorkerDeps): void {
  const handlers = new Handlers();
  let app: App | undefined;

  async function start({ worker, config, isLinked }: WorkerOrders): Promise<void> {
    const log = createLog(config.logLevel).child({ worker });
    const onLost = (): void => {
      log.error({ event: 'supervisor.lost' });
      leave();
    };
    const connect = (): Promise<Socket> => Promise.resolve(new Socket({ fd: linkFd, readable: true, writable: true }));
    const link = isLinked ? { connect, onLost } : undefined;
    app = await createApp({
      config,
      isAdminPortChosen: false,
      log,
      fillRandom,
      memory,
      worker: { number: worker, handlers, link },
    });
    void app.stopped.then(leave);
    try {
      const started = await app.start();
      if (started !== undefined) channel.send({ type: 'listening', ...started.public });
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      channel.send({ type: 'failed', reason: error.message });
      await app.stop({ hurried: true });
    }
  }

  channel.onMessage((message) => {
    switch (message.type) {
      case 'start':
        void start(message.orders);
        return;
      case 'stop':
        if (app === undefined) leave();
        else void app.stop({ hurried: message.hurried });
        return;
      case 'ask':
        channel.send({ type: 'reply', ask: message.ask, answer: handlers.answer(message.name, message.about) });
    }
  });
  channel.send({ type: 'hello' });
}
