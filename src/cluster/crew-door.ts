import { setTimeout as delay } from 'node:timers/promises';
import { createServer, type Server, type Socket } from 'node:net';

export interface CrewDoorDeps {
  /** Gives a connection to the next worker. False: there is none now, or each has enough to take. */
  readonly hand: (socket: Socket) => boolean;
}

const checkMs = 5;

/** The most connections that wait for a worker, when none takes them just now. */
const maxWaiting = 10_000;

/**
 * The public door of a supervisor: it takes connections, reads nothing of them, and hands each to a worker. Its own and not that of
 * the cluster module, because it has to be closed without a connection left in it.
 */
export function createCrewDoor({ hand }: CrewDoorDeps) {
  const waiting: Socket[] = [];
  const server: Server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    socket.on('error', () => {});
    take(socket);
  });

  function take(socket: Socket): void {
    if (waiting.length === 0 && hand(socket)) return;
    if (waiting.length < maxWaiting) waiting.push(socket);
    else socket.destroy();
  }

  return {
    server,
    /** A connection that nothing was read of, as if it had just come. */
    take,
    /** A worker has room: it gets those that wait, the first of them first. */
    handWaiting(): void {
      for (;;) {
        const socket = waiting.shift();
        if (socket === undefined) return;
        if (socket.destroyed || hand(socket)) continue;
        waiting.unshift(socket);
        return;
      }
    },
    /** Resolves when nobody waits any more, or there is no worker to wait for. */
    async allHanded(isStaffed: () => boolean): Promise<void> {
      while (waiting.length > 0 && isStaffed()) await delay(checkMs);
    },
    /** There will be no worker any more. */
    dropWaiting(): void {
      for (const socket of waiting.splice(0)) socket.destroy();
    },
  };
}

export type CrewDoor = ReturnType<typeof createCrewDoor>;
