import type { Clock } from '../message/clock.ts';
import type { Message } from '../message/message.ts';
import { AckCursors } from './ack-cursors.ts';
import { CallerIds } from './caller-ids.ts';
import { Groups } from './disk-groups.ts';
import { planAppends, type Append, type AppendPlan } from './disk-plan.ts';
import { openDiskStore, type DiskReader, type DiskStore } from './disk-store.ts';
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
  readonly log: DiskLog;
}

/** What it needs of a log. */
export interface DiskLog {
  info(fields: object): void;
  error(fields: object): void;
}

export interface DiskJournalOptions {
  /** Made if it is not there. */
  readonly dir: string;
  readonly retention: Retention;
  /** The longest that an append waits for the disk. */
  readonly deadlineMs: number;
}

const group = { maxMessages: 10_000, maxUnits: 8 * 1024 * 1024 };

/** How long acknowledgements wait for others, so that one write stores many. */
const ackDelayMs = 500;

/** The most that one write takes away, so that no write becomes long. */
const maxOldGroups = 256;
const maxOldAcks = 200;

/** What the store's file gets for each byte of entries that is kept, and beside: copies on write, ids, acks. */
const fileFactor = 3;
const fileBytesPerId = 300;
const fileBytesBeside = 64 * 1024 * 1024;

/**
 * The journal of a single process on disk. All that is kept is in memory as well, so that only appends wait for the disk; an
 * append resolves, and the follower is told, once its group is flushed. The directory belongs to this process alone.
 */
export function createDiskJournal(deps: DiskJournalDeps, options: DiskJournalOptions): Journal {
  const { now, clock, onExpired } = deps;
  const { dir, retention, deadlineMs } = options;
  const log = new MailboxLog(retention);
  const entryGroups = new Groups();
  const idGroups = new Groups();
  const callerIds = new CallerIds(retention, () => idGroups.unwant());
  const ownIds = new Map<string, number>();
  const acks = new AckCursors();
  /** Acknowledgements that are not on disk yet. */
  let newAcks = new Map<string, number>();
  let ackTimer: NodeJS.Timeout | undefined;
  /** Up to this uid the stored acks were looked through for those that say nothing any more. */
  let sweptUid = '';
  let last = 0;
  /** Above it every entry is in the store. */
  let storedSince = 0;
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
    const nowMs = now();
    callerIds.forget(nowMs);
    const nextMid = Math.max(last + 1, Math.floor(nowMs * 1000));
    const plan = planAppends(calls, { log, callerIds, ownIds, clock }, { nextMid, nowMs });
    // A number that was given out in vain is not given out again.
    last = plan.entries.at(-1)?.mid ?? last;
    const stored = plan.entries.length > 0 || newAcks.size > 0 ? store : undefined;
    if (stored !== undefined) await commit(stored, plan);
    keep(plan);
    for (const message of plan.expired) onExpired(message);
    return plan.answers;
  }

  async function commit(to: DiskStore, plan: AppendPlan): Promise<void> {
    const oldEntries = entryGroups.oldest(maxOldGroups, ({ last }) => last <= log.since);
    const oldIds = idGroups.oldest(maxOldGroups, ({ wanted }) => wanted === 0);
    const since = oldEntries.at(-1)?.last ?? storedSince;
    const groups = entryGroups.count - oldEntries.length + Math.min(1, plan.entries.length);
    const acksNow = newAcks;
    newAcks = new Map();
    const looked = acksNow.size > 0 ? to.acksAfter(sweptUid, maxOldAcks) : [];
    try {
      await to.commit({
        entries: plan.entries,
        ids: plan.ids,
        acks: [...acksNow],
        oldEntries: oldEntries.map(({ first }) => first),
        oldIds: oldIds.map(({ first }) => first),
        oldAcks: looked.flatMap(([uid, mid]) => (mid <= since && !acksNow.has(uid) ? [uid] : [])),
        state: { last: plan.entries.at(-1)?.mid ?? log.head, since, groups },
      });
    } catch (error) {
      newAcks = new Map([...acksNow, ...newAcks]);
      throw error;
    }
    if (acksNow.size > 0) sweptUid = looked.length < maxOldAcks ? '' : (looked.at(-1)?.[0] ?? '');
    entryGroups.drop(oldEntries.length);
    idGroups.drop(oldIds.length);
    storedSince = since;
    noteGroup(entryGroups, plan.entries);
    noteGroup(idGroups, plan.ids);
  }

  function noteGroup(groups: Groups, values: readonly { readonly mid: number }[]): void {
    const [first] = values;
    if (first !== undefined) groups.push({ first: first.mid, last: values.at(-1)?.mid ?? 0, wanted: values.length });
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
    for (const [id, mid] of ownIds) {
      if (mid > log.since) return;
      ownIds.delete(id);
    }
  }

  function readerFrom(since: number): DiskReader {
    log.startAt(since);
    return {
      entries(_first, entries) {
        noteGroup(entryGroups, entries);
        for (const entry of entries) {
          if (entry.message.retracts !== 0) log.retract(entry.message.retracts);
          keepEntry(entry);
        }
        forgetOwnIds();
      },
      ids(_first, ids) {
        noteGroup(idGroups, ids);
        for (const { id, ...known } of ids) callerIds.add(id, known);
      },
      ack: (uid, mid) => void acks.raise(uid, mid),
    };
  }

  async function open(): Promise<void> {
    const fileBytes = fileFactor * retention.bytes + fileBytesPerId * retention.ids + fileBytesBeside;
    store = await openDiskStore(dir, Math.ceil(fileBytes / 65_536) * 65_536);
    const state = store.load(({ since }) => readerFrom(since));
    last = state?.last ?? Math.floor(now() * 1000);
    storedSince = state?.since ?? last;
    if (state === undefined) {
      log.startAt(last);
      await store.commit({ ...nothing, state: { last, since: last, groups: 0 } });
    }
    log.raiseHead(last);
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
        await store?.close();
        store = undefined;
        throw error;
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
        writer.flush();
      }, ackDelayMs);
    },
    ackedBy: (uids) => Promise.resolve(uids.map((uid) => acks.get(uid))),
    health: () => writer.health(),
    async stop() {
      clearTimeout(ackTimer);
      if (store === undefined) return;
      if (newAcks.size > 0) writer.flush();
      await writer.stop();
      const stopped = store;
      store = undefined;
      await (writer.health().ok ? stopped.close() : stopped.abandon());
    },
  };
}

const nothing = { entries: [], ids: [], acks: [], oldEntries: [], oldIds: [], oldAcks: [] };
