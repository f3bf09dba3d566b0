import type { Clock } from '../message/clock.ts';
import type { Message } from '../message/message.ts';
import { AckCursors } from './ack-cursors.ts';
import { AgedMap } from './aged-map.ts';
import { CallerIds } from './caller-ids.ts';
import { DataDirError, reasonOf } from './disk-error.ts';
import { diskFiles, type DiskFiles } from './disk-files.ts';
import type { DiskReader } from './disk-kept.ts';
import { planAppends, type Append, type AppendPlan } from './disk-plan.ts';
import { openDiskStore, type DiskStore, type SegmentSizes } from './disk-store.ts';
import { createDiskWriter } from './disk-writer.ts';
import type { Appended, Entry, Follower, Journal, Retention } from './journal.ts';
import { createLocalReads } from './local-reads.ts';
import { MailboxLog } from './mailbox-log.ts';

export interface DiskJournalDeps {
  /** Unix milliseconds that never jump while the process runs. */
  readonly now: () => number;
  /** By which expiry is judged. */
  readonly clock: Clock;
  /** Told each message that had expired before it was appended. */
  readonly onExpired: (message: Message) => void;
  readonly log: JournalLog;
  /** What stands for the system's files. */
  readonly files?: DiskFiles;
}

/** What it needs of a log. */
export interface JournalLog {
  info(fields: object): void;
  warn(fields: object): void;
  error(fields: object): void;
}

export interface DiskJournalOptions {
  /** Made if it is not there. */
  readonly dir: string;
  readonly retention: Retention;
  /** The longest that an append waits for the disk. */
  readonly deadlineMs: number;
  readonly sizes?: SegmentSizes;
}

const group = { maxMessages: 10_000, maxUnits: 8 * 1024 * 1024 };

/** How long acknowledgements wait for others, so that one write stores many. */
const ackDelayMs = 500;

const defaultSizes: SegmentSizes = { leastBytes: 1024 * 1024, mostBytes: 8 * 1024 * 1024 };

/**
 * The journal of a single process on disk. All that is kept is in memory as well, so that only appends wait for the disk; an
 * append resolves, and the follower is told, once its group is flushed. The directory belongs to this process alone.
 */
export function createDiskJournal(deps: DiskJournalDeps, options: DiskJournalOptions): Journal {
  const { now, clock, onExpired } = deps;
  const { dir, retention, deadlineMs, sizes = defaultSizes } = options;
  const log = new MailboxLog(retention);
  const callerIds = new CallerIds(retention);
  const ownIds = new AgedMap<number>();
  const acks = new AckCursors();
  /** Acknowledgements that are not on disk yet. */
  let newAcks = new Map<string, number>();
  let ackTimer: NodeJS.Timeout | undefined;
  /** They have waited long enough. */
  let areAcksDue = false;
  let last = 0;
  let store: DiskStore | undefined;
  let follower: Follower = () => {};

  const writer = createDiskWriter(
    {
      write: writeCalls,
      probe: async () => store?.probe(),
      onHealth(health) {
        if (health.ok) deps.log.info({ event: 'journal.ready', dir });
        else deps.log.error({ event: 'journal.unavailable', dir, reason: health.reason });
      },
    },
    { dir, deadlineMs, ...group },
  );

  function trim(): void {
    log.dropThrough((now() - retention.ageMs) * 1000 - 1);
  }

  async function writeCalls(calls: readonly Append[]): Promise<readonly (readonly Appended[])[]> {
    if (store === undefined) throw new Error(`The journal in ${dir} is not open.`);
    if (areAcksDue) await commitAcks(store);
    const nowMs = now();
    callerIds.forget(nowMs);
    const nextMid = Math.max(last + 1, Math.floor(nowMs * 1000));
    const plan = planAppends(calls, { log, callerIds, ownIds, clock }, { nextMid, nowMs });
    const { entries, ids } = plan;
    // A number that was given out in vain is not given out again.
    last = entries.at(-1)?.mid ?? last;
    if (entries.length > 0) await store.commit({ last: log.head, entries, ids });
    keep(plan);
    for (const message of plan.expired) onExpired(message);
    return plan.answers;
  }

  async function commitAcks(to: DiskStore): Promise<void> {
    areAcksDue = false;
    const acksNow = newAcks;
    newAcks = new Map();
    try {
      await to.commitAcks([...acksNow]);
    } catch (error) {
      newAcks = new Map([...acksNow, ...newAcks]);
      areAcksDue = true;
      throw error;
    }
  }

  /** Takes what is on disk into memory, and tells it. */
  function keep({ entries, ids, retracted }: AppendPlan): void {
    if (entries.length === 0) return;
    for (const mid of retracted) log.retract(mid);
    for (const { id, ...known } of ids) callerIds.add(id, known);
    for (const entry of entries) keepEntry(entry);
    trim();
    forgetOwnIds();
    follower(entries);
  }

  function keepEntry(entry: Entry): void {
    if (entry.message.fingerprint === '') ownIds.set(entry.message.id, entry.mid);
    log.append(entry);
  }

  function forgetOwnIds(): void {
    while ((ownIds.oldest ?? Infinity) <= log.since) ownIds.deleteOldest();
  }

  const reader: DiskReader = {
    begin: (mid) => log.startAt(mid),
    entry(entry) {
      if (entry.message.retracts !== 0) log.retract(entry.message.retracts);
      keepEntry(entry);
      forgetOwnIds();
    },
    id: ({ id, ...known }) => callerIds.add(id, known),
    ack: (uid, mid) => void acks.raise(uid, mid),
  };

  async function open(): Promise<void> {
    store = await openDiskStore(
      {
        files: deps.files ?? diskFiles,
        kept: { log, callerIds, acks },
        onTorn: (file, at) => deps.log.warn({ event: 'journal.torn', dir, file, at }),
        onUntidy: (reason) => deps.log.error({ event: 'journal.untidy', dir, reason }),
      },
      reader,
      { dir, sizes },
    );
    if (store.isNew) {
      log.startAt(Math.floor(now() * 1000));
      await store.begin(log.head);
    }
    last = log.head;
    forgetOwnIds();
    callerIds.forget(now());
    trim();
    deps.log.info({ event: 'journal.opened', dir, entries: log.count, ids: callerIds.size, mid: last });
  }

  return {
    guarantees: { survivesProcess: true, shared: false },
    async start(theFollower) {
      follower = theFollower;
      try {
        await open();
      } catch (error) {
        await store?.abandon();
        store = undefined;
        throw error instanceof DataDirError ? error : new DataDirError(reasonOf(error), error);
      }
    },
    append: (messages, unit = '') => writer.add(messages, unit),
    // It is remembered as an id is, and forgotten with the ids.
    forgetUnit: () => {},
    ...createLocalReads({ log, ids: callerIds, trim }),
    acknowledge(uid, mid) {
      if (!acks.raise(uid, mid)) return;
      newAcks.set(uid, mid);
      ackTimer ??= setTimeout(() => {
        ackTimer = undefined;
        areAcksDue = true;
        writer.flush();
      }, ackDelayMs);
    },
    ackedBy: (uids) => Promise.resolve(uids.map((uid) => acks.get(uid))),
    health: () => writer.health(),
    async stop() {
      clearTimeout(ackTimer);
      if (store === undefined) return;
      areAcksDue = newAcks.size > 0;
      if (areAcksDue) writer.flush();
      await writer.stop();
      const stopped = store;
      store = undefined;
      const given = writer.health().ok ? stopped.close() : stopped.abandon();
      // A disk that hangs holds the directory, and not the process.
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, deadlineMs)));
      await Promise.race([given, late]);
      clearTimeout(timer);
    },
  };
}
