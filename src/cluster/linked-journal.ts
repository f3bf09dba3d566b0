import { MailboxLog } from '../journal/mailbox-log.ts';
import type { Entry, Follower, Health, Journal, JournalGuarantees, Retention } from '../journal/journal.ts';
import type { Message } from '../message/message.ts';
import { Crowd } from './crowd.ts';
import { Handings } from './handings.ts';
import { LinkCalls, LinkError } from './link-calls.ts';
import { KnownHeads } from './known-heads.ts';
import { linkKinds, LinkReader, type LinkBody, type LinkEnds, type LinkOutlet } from './link-frames.ts';
import { readAppended, readFound, readHealth, readPage, writeMessages } from './link-values.ts';
import { LinkWriter } from './link-writer.ts';
import { Watched, type Watches } from './watched.ts';

export interface LinkedJournalDeps {
  /** Opens the link to the supervisor. */
  readonly connect: () => Promise<LinkEnds>;
  /** Unix milliseconds that never jump. */
  readonly now: () => number;
  /** Milliseconds of the machine's monotonic clock: all its processes share it. */
  readonly machineMs: () => number;
  /** Told each message of this worker that had expired before it was appended. */
  readonly onExpired: (message: Message) => void;
  /** The link is gone, and does not come back: the supervisor has ended. */
  readonly onLost: () => void;
}

export interface LinkedJournalOptions {
  /** Which worker this is, for the supervisor's log. */
  readonly worker: number;
  /** What the supervisor's journal promises. */
  readonly guarantees: JournalGuarantees;
  readonly retention: Retention;
  /** The longest that a call waits for the supervisor. */
  readonly deadlineMs: number;
}

/** The journal of a worker: the supervisor's, which tells it only what is to all or for the uids that it watches. */
export interface LinkedJournal extends Journal, Watches {
  /**
   * Hands messages over, for the supervisor to append in the order in which they were handed over, by whichever worker. Undefined: they are there, whatever
   * becomes of this process; else they are once the promise resolves. Rejects with a LinkError when that takes too long, and they may be appended all the same. What becomes of them
   * nobody hears: only for messages without a caller's id, where the journal does not survive its process.
   */
  hand(messages: readonly Message[]): Promise<void> | undefined;
}

/** How much of what it was told a worker keeps, in bytes: connections that fall behind are then no work for the supervisor. */
const recentBytes = 8 * 1024 * 1024;

/** A worker refuses posts while the supervisor has not taken so many bytes of it. */
const maxWaitingBytes = 64 * 1024 * 1024;

/**
 * A journal that lives in another process of this machine, over a link: frames in both directions, in order, those of a turn of the
 * event loop in one write. What it is told of a uid is complete from the answer to its `watch` on, and only of that there is a
 * tail here; the rest is asked for. The order of the link makes the seam: whatever the supervisor has told is here before its answer.
 */
export function createLinkedJournal(deps: LinkedJournalDeps, options: LinkedJournalOptions): LinkedJournal {
  const { now, machineMs, onExpired } = deps;
  const { retention, deadlineMs, guarantees } = options;
  const recent = new MailboxLog({ ...retention, bytes: Math.min(recentBytes, retention.bytes) });
  const heads = new KnownHeads();
  const calls = new LinkCalls({ deadlineMs, monotonicMs: machineMs });
  const handings = new Handings(deadlineMs);
  const crowd = new Crowd();
  /** Calls that were made since the last write. */
  let asked = 0;
  const watched = new Watched({
    ask: (uid, onAnswer) =>
      ask(
        linkKinds.watch,
        (frame) => frame.text(uid),
        (answer) => {
          const since = answer.number();
          // Nothing up to there is missing here: who joins now joins there.
          raiseHead(since);
          onAnswer(since);
        },
      ),
    release: (uid) => tell(linkKinds.unwatch, (frame) => frame.text(uid)),
  });
  let follower: Follower = () => {};
  let writer: LinkWriter | undefined;
  let outlet: LinkOutlet | undefined;
  let health: Health = { ok: false, reason: 'The link to the supervisor is not open.' };
  let isStopping = false;
  let welcomed = (): void => {};
  /** What was read and not told yet: the entries of one read are told together. */
  let untold: Entry[] = [];

  function welcome(head: number): void {
    recent.startAt(head);
    heads.add(head);
  }

  function raiseHead(head: number): void {
    recent.raiseHead(head);
    heads.add(head);
  }

  function deliver(): void {
    if (untold.length === 0) return;
    const entries = untold;
    untold = [];
    for (const entry of entries) {
      if (entry.message.retracts !== 0) recent.retract(entry.message.retracts);
      recent.append(entry);
    }
    follower(entries);
  }

  function onFrame(body: LinkBody): void {
    if (body.kind === linkKinds.entry) {
      untold.push(body.entry());
      return;
    }
    deliver();
    switch (body.kind) {
      case linkKinds.head:
        return raiseHead(body.number());
      case linkKinds.answer:
        return calls.answered(body);
      case linkKinds.failure:
        return calls.failed(body);
      case linkKinds.health:
        health = readHealth(body);
        return;
      case linkKinds.expired:
        return onExpired(body.entry().message);
      case linkKinds.welcome:
        welcome(body.number());
        health = readHealth(body);
        return welcomed();
      default:
        throw new RangeError(`a frame of kind ${body.kind} from the supervisor`);
    }
  }

  /** All who call wait for their answer already, and those before them have theirs. */
  const isWaitVain = (): boolean => calls.size === asked && crowd.isComplete(asked);

  function onWrite(isRested: boolean): void {
    if (asked > 0) crowd.wrote(asked, isRested);
    asked = 0;
  }

  function close(reason: string): void {
    calls.close(reason);
    handings.close(reason);
  }

  function lost(): void {
    if (isStopping || !health.ok) close('The link to the supervisor is closed.');
    if (isStopping) return;
    health = { ok: false, reason: 'The supervisor has ended.' };
    close(health.reason);
    deps.onLost();
  }

  /** Undefined: the supervisor is not to be asked for more now. */
  function takingWriter(): LinkWriter | undefined {
    return writer === undefined || writer.waitingBytes > maxWaitingBytes ? undefined : writer;
  }

  function tell(kind: number, write: (frame: LinkWriter) => void): void {
    if (writer === undefined) return;
    write(writer.begin(kind));
    writer.endSoon();
  }

  function call(link: LinkWriter, kind: number, number: number, write: (frame: LinkWriter) => void): void {
    write(link.begin(kind).count(number));
    asked += 1;
    if (isWaitVain()) link.end();
    else link.endSoon();
  }

  function ask<Answer>(
    kind: number,
    write: (frame: LinkWriter) => void,
    read: (answer: LinkBody) => Answer,
  ): Promise<Answer> {
    const link = takingWriter();
    if (link === undefined) return Promise.reject(notTaking());
    return calls.make((number) => call(link, kind, number, write), read);
  }

  return {
    guarantees,
    async start(theFollower) {
      follower = theFollower;
      const { source, outlet: opened } = await deps.connect();
      outlet = opened;
      writer = new LinkWriter(opened, machineMs, {
        onWrite,
        onWritten: (isTaken) => handings.written(isTaken),
        onTaken: (error) => handings.taken(error),
      });
      const reader = new LinkReader((batch) => batch.read(onFrame));
      const isWelcome = new Promise<void>((resolve) => (welcomed = resolve));
      opened.on('error', () => {});
      source.on('data', (chunk: Buffer) => {
        reader.push(chunk);
        deliver();
        if (asked > 0 && isWaitVain()) writer?.hurry();
      });
      source.on('error', () => {});
      const closed = new Promise<never>((_resolve, reject) => {
        source.on('close', () => {
          lost();
          reject(new LinkError('The link to the supervisor is closed.'));
        });
      });
      closed.catch(() => {});
      tell(linkKinds.hello, (frame) => frame.count(options.worker));
      await Promise.race([isWelcome, closed]);
    },
    async append(messages, unit = '') {
      const write = (frame: LinkWriter): void => writeMessages(frame.text(unit), messages);
      const appended = await ask(linkKinds.append, write, readAppended);
      appended.forEach(({ outcome }, index) => {
        const message = messages[index];
        if (outcome === 'expired' && message !== undefined) onExpired(message);
      });
      return appended;
    },
    hand(messages) {
      const link = takingWriter();
      if (link === undefined) return Promise.reject(notTaking());
      writeMessages(link.begin(linkKinds.hand), messages);
      return link.endNow() ? handings.last() : handings.next();
    },
    forgetUnit: (unit) => tell(linkKinds.forgetUnit, (frame) => frame.text(unit)),
    head: () => recent.head,
    read: (after, limit) =>
      ask(
        linkKinds.read,
        (frame) => frame.number(after).count(limit),
        (answer) => answer.entries(),
      ),
    completeSince: () =>
      ask(
        linkKinds.completeSince,
        () => {},
        (answer) => answer.number(),
      ),
    tail(uid, after, limits) {
      recent.dropThrough((now() - retention.ageMs) * 1000 - 1);
      if (after > recent.head || after < watched.since(uid) || after < recent.since) return undefined;
      // A number that was not heard of here may be another instance's: the supervisor knows.
      if (!heads.has(after) && recent.numberUpTo(after) !== after) return undefined;
      const page = recent.mailbox(uid, after, limits);
      // The supervisor may have more of it.
      return page.gap ? undefined : page;
    },
    mailbox: (uid, after, { entries, bytes }) =>
      ask(linkKinds.mailbox, (frame) => frame.text(uid).number(after).count(entries).count(bytes), readPage),
    find: (id) => ask(linkKinds.find, (frame) => frame.text(id), readFound),
    acknowledge: (uid, mid) => tell(linkKinds.acknowledge, (frame) => frame.text(uid).number(mid)),
    ackedBy: (uids) =>
      ask(
        linkKinds.ackedBy,
        (frame) => {
          frame.count(uids.length);
          for (const uid of uids) frame.text(uid);
        },
        (answer) => answer.many(() => answer.number()),
      ),
    health() {
      if (!health.ok || !(calls.isLate || handings.isLate)) return health;
      return { ok: false, reason: `The supervisor has not answered for ${deadlineMs} ms.` };
    },
    watch: (uid) => watched.watch(uid),
    unwatch: (uid) => watched.unwatch(uid),
    async stop() {
      isStopping = true;
      await calls.idle();
      writer?.flush();
      await handings.idle();
      close('The worker is stopping.');
      outlet?.end();
    },
  };
}

function notTaking(): LinkError {
  return new LinkError('The supervisor does not take what it is told.');
}
