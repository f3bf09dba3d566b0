import { createServer, type Server, type Socket } from 'node:net';

export interface CrewDoorDeps {
  /** Gives a connection to the next worker. False: there is none now. */
  readonly hand: (socket: Socket) => boolean;
}

/** The most connections that wait for a worker, when there is none just now. */
const maxWaiting = 10_000;

/**
 * The public door of a supervisor: it takes connections, reads nothing of them, and hands each to a worker. Its own and not that of
 * the cluster module, because it has to be closed without a connection left in it.
 */
export function createCrewDoor({ hand }: CrewDoorDeps) {
  let waiting: Socket[] = [];
  const server: Server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    socket.on('error', () => {});
    take(socket);
  });

  function take(socket: Socket): void {
    if (hand(socket)) return;
    if (waiting.length < maxWaiting) waiting.push(socket);
    else socket.destroy();
  }

  return {
    server,
    /** A connection that nothing was read of, as if it had just come. */
    take,
    /** There is a worker: it gets those that wait. */
    handWaiting(): void {
      const sockets = waiting;
      waiting = [];
      for (const socket of sockets) if (!socket.destroyed && !hand(socket)) waiting.push(socket);
    },
    /** There will be no worker any more. */
    dropWaiting(): void {
      for (const socket of waiting.splice(0)) socket.destroy();
    },
  };
}

export type CrewDoor = ReturnType<typeof createCrewDoor>;
