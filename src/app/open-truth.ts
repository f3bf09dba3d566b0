import { setTimeout as delay } from 'node:timers/promises';
import { createMemoryStanding, type MemoryStanding } from '../auth/memory-standing.ts';
import type { StandingDesk, StandingSource } from '../auth/standing-source.ts';
import { Standings } from '../auth/standings.ts';
import { createMemoryTickets, type TicketStore } from '../auth/ticket-store.ts';
import type { Config } from '../config/schema.ts';
import type { WorkerPart } from './open-store.ts';
import type { RedisPlace } from './redis-place.ts';

export interface TruthDeps {
  /** Unix milliseconds that never jump. */
  readonly now: () => number;
  /** The name of this instance. */
  readonly instance: string;
  readonly worker?: WorkerPart | undefined;
  readonly place?: RedisPlace | undefined;
}

/** What is known of uids and tickets: where it is kept, and where this process asks for it. */
export interface Truth {
  /** What is known here. */
  readonly standings: Standings;
  /** The seats that are open here. */
  readonly seats: Map<string, string>;
  readonly desk: StandingDesk;
  readonly tickets: TicketStore;
  /** Undefined: it is this process's own, in `memory`. */
  readonly source: StandingSource | undefined;
  readonly memory: MemoryStanding | undefined;
  /** Rejects with a DataDirError. A store that is away is no error. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** No handshake waits longer for Redis, however long a post may. */
const maxDeadlineMs = 1000;

const nothing = (): Promise<void> => Promise.resolve();

/** The table of drivers of what is known of uids. */
export async function openTruth(config: Config, { now, instance, worker, place }: TruthDeps): Promise<Truth> {
  const standings = new Standings();
  const seats = new Map<string, string>();
  if (place !== undefined) {
    const { createRedisConnection } = await import('../journal/redis-connection.ts');
    const { createRedisStanding } = await import('../cluster/redis-standing.ts');
    const { createRedisTickets } = await import('../cluster/redis-tickets.ts');
    const deadlineMs = Math.min(config.queueDeadlineMs, maxDeadlineMs);
    let isThere = (): void => {};
    const there = new Promise<void>((resolve) => (isThere = resolve));
    const connection = createRedisConnection(
      { onReady: () => isThere(), onLost: () => source.doubt(), onChange: () => {} },
      { settings: place.settings, deadlineMs },
    );
    const source = createRedisStanding({ connection, instance, seats, standings }, { ...config, ...place });
    return {
      standings,
      seats,
      desk: source,
      tickets: createRedisTickets(connection, place),
      source,
      memory: undefined,
      async start() {
        connection.open();
        await Promise.race([there, delay(deadlineMs, undefined, { ref: false })]);
      },
      stop: () => connection.close(),
    };
  }
  if (worker?.link !== undefined) {
    const { createCrewStanding, createCrewTickets } = await import('../cluster/crew-standing.ts');
    const source = createCrewStanding(worker.line, worker.number);
    const desk = createMemoryStanding({ standings, now }, config);
    const tickets = createCrewTickets(worker.line);
    return { standings, seats, desk, tickets, source, memory: undefined, start: nothing, stop: nothing };
  }
  const kept = config.dataDir === null ? undefined : await openFile(config.dataDir);
  const memory = createMemoryStanding({ standings, now, keep: kept?.write }, config);
  return {
    standings,
    seats,
    desk: memory,
    tickets: createMemoryTickets(now),
    source: undefined,
    memory,
    async start() {
      for (const [uid, standing] of (await kept?.read()) ?? []) standings.set(uid, standing, now());
    },
    stop: nothing,
  };
}

async function openFile(dir: string) {
  const { createStandingFile } = await import('../cluster/standing-file.ts');
  return createStandingFile(dir);
}
