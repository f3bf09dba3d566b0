import type { Socket } from 'node:net';
import type { CrewDoor } from '../cluster/crew-door.ts';
import { closeListener } from '../ingress/end-server.ts';
import { listen, type Listening, type ListenOptions } from '../ingress/listen.ts';
import type { Log } from '../ops/log.ts';

/** How soon a port that somebody else has taken meanwhile is tried again. */
const retryMs = 1000;

/**
 * The port of a supervisor. It is shut while no worker is there and none is about to be: whoever comes is refused then, and a
 * proxy goes to another instance at once instead of waiting for an answer.
 */
export class PublicDoor {
  readonly #door: CrewDoor;
  readonly #options: ListenOptions;
  readonly #log: Log;
  #at: Listening | undefined;
  #isShut = false;
  #isClosed = false;

  constructor(door: CrewDoor, options: ListenOptions, log: Log) {
    this.#door = door;
    this.#options = options;
    this.#log = log;
  }

  /** Rejects with a ListenError. */
  async open(): Promise<Listening> {
    this.#at = await listen(this.#door.server, this.#options);
    return this.#at;
  }

  /** Those who wait are sent away as well. */
  shut(): void {
    if (this.#at === undefined || this.#isShut || this.#isClosed) return;
    this.#isShut = true;
    this.#log.error({ event: 'door.shut' }, 'no worker is left: the port is closed until there is one');
    this.#door.server.close();
    this.#door.dropWaiting();
  }

  /** There is a worker. Harmless when it is open. */
  reopen(): void {
    if (this.#isShut && !this.#isClosed) void this.#tryOpen();
  }

  /** A connection that nothing was read of comes back from a worker that has died. */
  take(socket: Socket): void {
    if (this.#isShut) socket.destroy();
    else this.#door.take(socket);
  }

  /** For good, without a connection left in it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await closeListener(this.#door.server);
  }

  async #tryOpen(): Promise<void> {
    this.#isShut = false;
    try {
      const { port = 0 } = this.#at ?? {};
      await listen(this.#door.server, { ...this.#options, port });
      // Meanwhile the last worker may have gone again.
      if (this.#isClosed || this.#isShut) return void this.#door.server.close();
      this.#log.info({ event: 'door.opened' });
    } catch (error) {
      this.#isShut = true;
      this.#log.error({ event: 'door.taken', err: error });
      setTimeout(() => this.reopen(), retryMs).unref();
    }
  }
}
