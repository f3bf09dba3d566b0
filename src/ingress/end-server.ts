import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';

export interface EndServerOptions {
  /** After this time without a request, and anyhow in half of the deadline, connections that are idle are closed. */
  readonly lingerMs: number;
  /** The longest that requests under way are waited for. */
  readonly deadlineMs: number;
  /** Sees to it that no new connection comes; when another process has the listener, that one does. */
  readonly closeDoor?: () => Promise<void>;
  /** How many connections are open, where the server does not know all of them. */
  readonly connections?: () => number;
}

/** A look for new connections that took no longer left hardly any time for one to slip in behind it. */
const quickMs = 0.05;

/** How long such a moment is waited for; how many looks are taken in a row, and how long it is rested then, so that serving goes on. */
const maxLookingMs = 3000;
const looksInRow = 5;
const restMs = 2;

const checkMs = 5;

/**
 * Ends a server so that every request is answered. Closing a listener resets the connections that the kernel has taken and Node has
 * not: so it is closed in a moment in which the event loop has just looked for some and found none. Connections that are open are
 * left open then, for a proxy may be sending on an idle one right now: every answer says `Connection: close`, so that those who
 * opened them retire them, and what is left is closed once nothing has come for a while. Resolves when no connection is left, or at the
 * deadline.
 */
export async function endServer(server: Server, options: EndServerOptions): Promise<void> {
  const { lingerMs, deadlineMs, closeDoor = () => closeListener(server), connections } = options;
  await closeDoor();
  const endMs = performance.now() + deadlineMs;
  const idleEndMs = endMs - deadlineMs / 2;
  let requestMs = performance.now();
  const retire = (_request: IncomingMessage, response: ServerResponse): void => {
    requestMs = performance.now();
    response.shouldKeepAlive = false;
  };
  server.prependListener('request', retire);
  server.prependListener('checkContinue', retire);
  while (performance.now() < endMs && (connections?.() ?? (await connectionsOf(server))) > 0) {
    const nowMs = performance.now();
    if (nowMs - requestMs >= lingerMs || nowMs > idleEndMs) server.closeIdleConnections();
    await delay(checkMs);
  }
}

/** Closes the listener and nothing else: the server's own `close` would close idle connections as well. */
export async function closeListener(server: NetServer): Promise<void> {
  let came = 0;
  const onConnection = (): void => void (came += 1);
  server.on('connection', onConnection);
  const endMs = performance.now() + maxLookingMs;
  for (let looks = 1; ; looks += 1) {
    const lookMs = performance.now();
    const before = came;
    await turn();
    const nowMs = performance.now();
    if ((came === before && nowMs - lookMs < quickMs) || nowMs > endMs) break;
    if (looks % looksInRow === 0) await delay(restMs);
  }
  NetServer.prototype.close.call(server);
  server.off('connection', onConnection);
}

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((error, count) => resolve(error === null ? count : 0)));
}
