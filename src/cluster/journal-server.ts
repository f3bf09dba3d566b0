import type { Entry, Follower, Journal } from '../journal/journal.ts';
import type { Message } from '../message/message.ts';
import { linkKinds, type LinkBatch, type LinkBody, type LinkEnds } from './link-frames.ts';
import { Rounds } from './link-rounds.ts';
import { readMessages, writeAppended, writeEntries, writeFound, writeNumbers, writePage } from './link-values.ts';
import { UidIndex } from './uid-index.ts';
import { WorkerLink } from './worker-link.ts';

export interface JournalServerDeps {
  readonly journal: Journal;
  /** Milliseconds of the machine's monotonic clock, which all its processes share. */
  readonly machineMs: () => number;
  /** A worker does not take what it is told, or tells nonsense: its link was cut, and it is to be ended. */
  readonly onBroken: (worker: number, reason: string) => void;
  /** The journal refused what was handed over, of which nobody else hears. */
  readonly onLost: (messages: readonly Message[], error: unknown) => void;
}

export interface JournalServerOptions {
  /** The most bytes that wait for one worker. */
  readonly maxWaitingBytes?: number;
}

const usualMaxWaitingBytes = 64 * 1024 * 1024;

/** So many of the uids are looked at in a turn for those that a worker watched which has ended: a millisecond or two. */
const sweptUids = 5000;

/** How often a worker that is told nothing hears of the journal's newest mid, and of a change of its health. */
const newsEveryMs = 250;

/** What a link has carried since its start. */
export interface LinkCount {
  readonly worker: number;
  readonly frames: number;
  readonly writes: number;
  readonly entries: number;
}

/**
 * Serves the one journal of this process to workers. An entry goes to those workers that watch one of its uids, with these uids alone; one
 * that is to all goes to each worker once. What workers say is done in the order in which they wrote it, over all of them.
 */
export function createJournalServer(deps: JournalServerDeps, options: JournalServerOptions = {}) {
  const { journal, machineMs, onBroken, onLost } = deps;
  const { maxWaitingBytes = usualMaxWaitingBytes } = options;
  const links = new Set<WorkerLink>();
  const watching = new UidIndex<WorkerLink>();
  /** What was handed over and is not appended yet, and by whom each. */
  let handed: Message[] = [];
  let givers: WorkerLink[] = [];
  const rounds = new Rounds<WorkerLink>({ links, machineMs, onBatch, onRound });
  const news = setInterval(() => {
    for (const link of links) link.tellNews();
  }, newsEveryMs).unref();

  const follower: Follower = (entries) => {
    for (const entry of entries) publish(entry);
  };

  function publish(entry: Entry): void {
    const { uids } = entry.message;
    if (uids === null) {
      for (const link of links) if (link.isWelcome) link.tellEntry(entry);
      return;
    }
    const [only] = uids;
    if (uids.length === 1 && only !== undefined) return watching.visit(only, (link) => link.tellEntry(entry));
    const uidsOf = new Map<WorkerLink, string[]>();
    for (const uid of uids) {
      watching.visit(uid, (link) => {
        const known = uidsOf.get(link);
        if (known === undefined) uidsOf.set(link, [uid]);
        else known.push(uid);
      });
    }
    for (const [link, own] of uidsOf) link.tellEntry({ mid: entry.mid, message: { ...entry.message, uids: own } });
  }

  /** True: messages were handed over in it. */
  function onBatch(link: WorkerLink, batch: LinkBatch): boolean {
    let isHanding = false;
    try {
      batch.read((body) => {
        // Cut while it was read: nobody would forget what it watches now.
        if (link.isGone) return;
        if (body.kind === linkKinds.hand) {
          isHanding = true;
          return takeHanded(link, body);
        }
        appendHanded();
        onFrame(link, body);
      });
    } catch (error) {
      cut(link, `what it says cannot be read: ${String(error)}`);
    }
    return isHanding;
  }

  function onRound(isHanding: boolean): void {
    appendHanded();
    for (const link of links) {
      if (link.hasEnded && link.arrived.length === 0) forget(link);
      // The round was the rest: what it has led to goes at once, or with the answers that come of it.
      else if (isHanding && link.hears) goOn(link);
    }
  }

  function goOn({ isAsking, writer }: WorkerLink): void {
    if (isAsking) writer.hurry();
    else writer.flush();
  }

  function takeHanded(link: WorkerLink, body: LinkBody): void {
    for (const message of readMessages(body)) {
      handed.push(message);
      givers.push(link);
    }
  }

  /** What came right after each other is appended together. */
  function appendHanded(): void {
    if (handed.length === 0) return;
    const [messages, givenBy] = [handed, givers];
    [handed, givers] = [[], []];
    journal.append(messages).then(
      (appended) => {
        for (const [index, message] of messages.entries()) {
          if (appended[index]?.outcome === 'expired') givenBy[index]?.tellExpired(message);
        }
      },
      (error: unknown) => onLost(messages, error),
    );
  }

  function onFrame(link: WorkerLink, body: LinkBody): void {
    switch (body.kind) {
      case linkKinds.append: {
        const call = body.count();
        const unit = body.text();
        return link.answer(call, journal.append(readMessages(body), unit), writeAppended);
      }
      case linkKinds.watch: {
        const call = body.count();
        watching.add(body.text(), link);
        return link.answerWatch(call);
      }
      case linkKinds.unwatch:
        return watching.remove(body.text(), link);
      case linkKinds.acknowledge:
        return journal.acknowledge(body.text(), body.number());
      case linkKinds.mailbox: {
        const limits = { call: body.count(), uid: body.text(), after: body.number() };
        const page = journal.mailbox(limits.uid, limits.after, { entries: body.count(), bytes: body.count() });
        return link.answer(limits.call, page, writePage);
      }
      case linkKinds.read:
        return link.answer(body.count(), journal.read(body.number(), body.count()), writeEntries);
      case linkKinds.completeSince:
        return link.answer(body.count(), journal.completeSince(), (frame, since) => frame.number(since));
      case linkKinds.find:
        return link.answer(body.count(), journal.find(body.text()), writeFound);
      case linkKinds.ackedBy: {
        const call = body.count();
        return link.answer(call, journal.ackedBy(body.many(() => body.text())), writeNumbers);
      }
      case linkKinds.forgetUnit:
        return journal.forgetUnit(body.text());
      case linkKinds.hello:
        return link.welcome(body.count());
      default:
        throw new RangeError(`a frame of kind ${body.kind} from a worker`);
    }
  }

  function cut(link: WorkerLink, reason: string): void {
    if (!links.has(link)) return;
    forget(link);
    link.destroy();
    onBroken(link.worker, reason);
  }

  function forget(link: WorkerLink): void {
    if (!links.delete(link)) return;
    link.isGone = true;
    sweep(watching.removing(link, sweptUids));
  }

  function sweep(steps: Generator<void>): void {
    if (steps.next().done !== true) setImmediate(sweep, steps);
  }

  return {
    /** To be told every entry of the journal. O(workers that watch its uids). */
    follower,
    /** Takes a new link. */
    accept(ends: LinkEnds): void {
      const link = new WorkerLink(ends, maxWaitingBytes, {
        head: () => journal.head(),
        health: () => journal.health(),
        machineMs,
        onStuck: ({ worker }) => onBroken(worker, 'it does not take what it is told'),
      });
      links.add(link);
      const { source, outlet } = ends;
      source.on('data', (chunk: Buffer) => {
        link.read(chunk);
        if (link.arrived.length > 0) rounds.arrived();
      });
      source.on('error', () => {});
      source.on('end', () => outlet.end());
      source.on('close', () => {
        link.hasEnded = true;
        rounds.arrived();
      });
    },
    /** Resolves when everything was done that a worker had written before. */
    caughtUp: () => rounds.caughtUp(),
    /** What each link has carried. */
    counts: (): LinkCount[] =>
      [...links].map(({ worker, writer: { frames, writes }, entries }) => ({ worker, frames, writes, entries })),
    /** The uids that workers watch. */
    get uids(): number {
      return watching.size;
    },
    stop(): void {
      clearInterval(news);
      rounds.stop();
      for (const link of links) link.destroy();
      links.clear();
    },
  };
}

export type JournalServer = ReturnType<typeof createJournalServer>;
