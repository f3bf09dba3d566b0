import type { Handlers } from '../cluster/handlers.ts';
import type { LinkEnds } from '../cluster/link-frames.ts';
import type { KnownTime } from '../cluster/crew-messages.ts';
import { createOneInstance } from '../cluster/one-instance.ts';
import type { Peers } from '../cluster/peers.ts';
import type { SupervisorLine } from '../cluster/supervisor-line.ts';
import type { Watches } from '../cluster/watched.ts';
import type { Config } from '../config/schema.ts';
import type { Certificate } from '../ingress/certificate.ts';
import type { HandedConnections } from '../ingress/handed-connections.ts';
import type { Journal } from '../journal/journal.ts';
import { createMemoryJournal } from '../journal/memory.ts';
import type { Clock } from '../message/clock.ts';
import type { Message } from '../message/message.ts';
import type { DropPlace } from '../ops/drops.ts';
import type { Log } from '../ops/log.ts';
import { createDirectQueue } from '../queue/direct.ts';
import { createListQueue } from '../queue/list.ts';
import type { Queue } from '../queue/queue.ts';
import { openRedisPlace, type RedisPlace } from './redis-place.ts';

/** The most messages that wait in the list queue for the journal. */
const maxWaiting = 100_000;

/** Is told the messages that were dropped, why and where. */
export type OnDropped = (reason: 'expired' | 'failed' | 'lost', where: DropPlace, messages: readonly Message[]) => void;

export interface StoreDeps {
  readonly now: () => number;
  readonly clock: Clock;
  readonly log: Log;
  /** The name of this instance. */
  readonly instance: string;
  readonly onDropped: OnDropped;
  readonly onGap: (after: number, since: number) => void;
  readonly worker?: WorkerPart | undefined;
}

export interface Store {
  readonly journal: Journal;
  readonly queue: Queue;
  readonly peers: Peers;
  /** Undefined: what is appended is told here whoever it is for. */
  readonly watches?: Watches;
  /** Where its Redis is; undefined: it has none. */
  readonly place?: RedisPlace;
}

/** What a worker has of its supervisor. */
export interface WorkerPart {
  /** From 1 on. */
  readonly number: number;
  /** How many there are. */
  readonly workers: number;
  /** Where the supervisor's questions are answered. */
  readonly handlers: Handlers;
  /** Where it asks the supervisor. */
  readonly line: SupervisorLine;
  /** The name that all workers have for those outside of the deployment. */
  readonly instance: string;
  readonly door: WorkerDoor;
  /** The time as the supervisor knows it. */
  readonly time: KnownTime;
  /** What it presents there, and is told when there is another; undefined: it speaks no TLS. */
  readonly certificate: Certificate | undefined;
  /** The way to the supervisor's journal; undefined: its journal is its own. */
  readonly link: StoreLink | undefined;
}

/** The public door, of which the supervisor has the listener. */
export interface WorkerDoor extends Pick<HandedConnections, 'open' | 'count'> {
  /** Says that the connections are handed over; resolves when no new one can come, nor for any other worker. */
  close(): Promise<void>;
}

export interface StoreLink {
  readonly connect: () => Promise<LinkEnds>;
  /** Milliseconds of the machine's monotonic clock: all its processes share it. */
  readonly machineMs: () => number;
  /** The supervisor has ended. */
  readonly onLost: () => void;
}

/** The table of drivers. Those that need a package of their own are loaded only when they are wanted. */
export async function openStore(config: Config, deps: StoreDeps): Promise<Store> {
  const { now, clock, log, instance, onDropped, onGap, worker } = deps;
  const retention = {
    messages: config.retentionMessages,
    bytes: config.retentionBytes,
    ageMs: config.retentionMs,
    mailboxMessages: config.mailboxMessages,
    broadcastMessages: config.broadcastMessages,
    idMs: config.idRetentionMs,
    ids: config.idRetentionIds,
  };
  const deadlineMs = config.queueDeadlineMs;
  const onExpired = (message: Message): void => onDropped('expired', 'append', [message]);
  if (config.queue.kind === 'list') {
    if (worker?.link !== undefined) {
      const { number, handlers, link } = worker;
      const { createLinkedJournal } = await import('../cluster/linked-journal.ts');
      const guarantees = { survivesProcess: config.dataDir !== null, shared: false };
      const journal = createLinkedJournal(
        { ...link, now, onExpired },
        { worker: number, guarantees, retention, deadlineMs },
      );
      const { createHandedQueue } = await import('../queue/handed.ts');
      const direct = createDirectQueue({ journal });
      const queue = guarantees.survivesProcess ? direct : createHandedQueue({ direct, hand: journal.hand });
      return { journal, queue, peers: createOneInstance(handlers), watches: journal };
    }
    const peers = createOneInstance();
    if (config.dataDir !== null) {
      const { createDiskJournal } = await import('../journal/disk.ts');
      const journal = createDiskJournal({ now, clock, log, onExpired }, { dir: config.dataDir, retention, deadlineMs });
      return { journal, queue: createDirectQueue({ journal }), peers };
    }
    const journal = createMemoryJournal({ now, clock, onExpired }, retention);
    const onLost = (messages: readonly Message[], error: unknown): void => {
      onDropped('lost', 'append', messages);
      log.error({ event: 'journal.refused', messages: messages.length, err: error });
    };
    return { journal, queue: createListQueue({ journal, onLost }, { maxWaiting }), peers };
  }
  const place = await openRedisPlace(config.queue, { prefix: config.redisPrefix, deadlineMs });
  const options = { ...place, deadlineMs, retention };
  const { createRedisJournal } = await import('../journal/redis.ts');
  const journal = createRedisJournal({ log, clock, onExpired, onGap }, options);
  const { createRedisPeers } = await import('../cluster/redis-peers.ts');
  const peers = createRedisPeers({ instance, log }, options);
  if (config.queue.kind === 'redis') return { journal, queue: createDirectQueue({ journal }), peers, place };
  const { createBullmqQueue } = await import('../queue/bullmq.ts');
  const queue = createBullmqQueue(
    {
      journal,
      log,
      clock,
      onExpired: (message) => onDropped('expired', 'queue', [message]),
      onFailed: (messages) => onDropped('failed', 'queue', messages),
    },
    options,
  );
  return { journal, queue, peers, place };
}
