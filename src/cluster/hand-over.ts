import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../hub/connection.ts';
import type { Hub } from '../hub/hub.ts';

export interface HandOverDeps {
  readonly hub: Pick<Hub, 'connections' | 'handOver'>;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonicMs: () => number;
  /** A number from 0 up to, and not, 1. */
  readonly random: () => number;
  /** Resolves after so long, or when the signal says so. */
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

export interface HandOverOptions {
  /** In how long all of them go, one by one. 0: at once. */
  readonly overMs: number;
  /** How many processes do this at the same time, each with about as many connections: the pace is that of all together. */
  readonly processes: number;
  /** Which of the connections that are open now; absent: all. */
  readonly which?: (connection: Connection) => boolean;
  /** Ends it: who has not gone by then stays. */
  readonly signal?: AbortSignal;
}

/** However few they are, one goes in this time at the latest, of all processes: nobody waits 20 s for the last of two. */
const maxBetweenMs = 1000;

/** How often it is looked who is to go; several may go at one look. */
const lookMs = 5;

/** What a client that goes in its turn waits at most before it connects again. */
const turnSpreadMs = 500;

/** When all go at once they come back over a time that grows with their number, up to the longest. */
const crowdSpreadMs = 2;
const maxCrowdSpreadMs = 10_000;

/**
 * Hands connections over to whichever instance takes them: each tracked client is told to reconnect, and closed with 1012. They go in
 * random order, spread evenly over the time and not in step, so that those who came together do not come back together.
 * Resolves with how many went, when each of them has been told; their sockets close as they answer.
 */
export async function handOver(deps: HandOverDeps, options: HandOverOptions): Promise<number> {
  const { hub, monotonicMs, random, sleep = wait } = deps;
  const { overMs, processes, which = () => true, signal } = options;
  const leaving = shuffle(
    [...hub.connections()].filter((connection) => connection.isOpen && which(connection)),
    random,
  );
  if (overMs === 0) {
    const spreadMs = Math.min(maxCrowdSpreadMs, leaving.length * processes * crowdSpreadMs);
    for (const connection of leaving) hub.handOver(connection, Math.round(random() * spreadMs));
    return leaving.length;
  }
  const betweenMs = Math.min(overMs / Math.max(1, leaving.length), processes * maxBetweenMs);
  const startMs = monotonicMs();
  for (const [index, connection] of leaving.entries()) {
    const dueMs = startMs + (index + random()) * betweenMs;
    if (monotonicMs() < dueMs) await sleep(Math.max(lookMs, dueMs - monotonicMs()), signal);
    if (signal?.aborted) return index;
    hub.handOver(connection, Math.round(random() * turnSpreadMs));
  }
  return leaving.length;
}

/** Fisher and Yates; in place. */
function shuffle(connections: Connection[], random: () => number): Connection[] {
  for (let last = connections.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    const [a, b] = [connections[last], connections[other]];
    if (a === undefined || b === undefined) throw new RangeError(`no connection ${last} or ${other}`);
    connections[last] = b;
    connections[other] = a;
  }
  return connections;
}

async function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {});
}
