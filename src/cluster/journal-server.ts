import type { Appended, Entry, Follower, Health, Journal, MailboxPage } from '../journal/journal.ts';
import { linkKinds, linkOutcomes, LinkReader, type LinkBody, type LinkStream } from './link-frames.ts';
import { LinkWriter } from './link-writer.ts';
import { UidIndex } from './uid-index.ts';

export interface JournalServerDeps {
  readonly journal: Journal;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonicMs: () => number;
  /** A worker does not take what it is told, or tells nonsense: its link was cut, and it is to be ended. */
  readonly onBroken: (worker: number, reason: string) => void;
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

/** One worker's end of its link. */
interface Link {
  readonly stream: LinkStream;
  readonly writer: LinkWriter;
  worker: number;
  /** The newest mid that it has heard of. */
  toldHead: number;
  toldReason: string | undefined;
  isWelcome: boolean;
  isGone: boolean;
  /** How many entries it was told. */
  entries: number;
}

/** What a link has carried since its start. */
export interface LinkCount {
  readonly worker: number;
  readonly frames: number;
  readonly writes: number;
  readonly entries: number;
}

/**
 * Serves the one journal of this process to workers. An entry goes to those workers that watch one of its uids, with these uids alone; one
 * that is to all goes to each worker once.
 */
export function createJournalServer(deps: JournalServerDeps, options: JournalServerOptions = {}) {
  const { journal, monotonicMs, onBroken } = deps;
  const { maxWaitingBytes = usualMaxWaitingBytes } = options;
  const links = new Set<Link>();
  const watching = new UidIndex<Link>();
  const news = setInterval(tellNews, newsEveryMs).unref();

  const follower: Follower = (entries) => {
    for (const entry of entries) publish(entry);
  };

  function publish(entry: Entry): void {
    const { uids } = entry.message;
    if (uids === null) {
      for (const link of links) if (link.isWelcome) tellEntry(link, entry);
      return;
    }
    const [only] = uids;
    if (uids.length === 1 && only !== undefined) return watching.visit(only, (link) => tellEntry(link, entry));
    const uidsOf = new Map<Link, string[]>();
    for (const uid of uids) {
      watching.visit(uid, (link) => {
        const known = uidsOf.get(link);
        if (known === undefined) uidsOf.set(link, [uid]);
        else known.push(uid);
      });
    }
    for (const [link, own] of uidsOf) tellEntry(link, { mid: entry.mid, message: { ...entry.message, uids: own } });
  }

  function tellEntry(link: Link, entry: Entry): void {
    // It goes with the next answer, if there is one soon.
    link.writer.begin(linkKinds.entry).entry(entry).endSoon();
    link.toldHead = entry.mid;
    link.entries += 1;
    if (link.writer.waitingBytes > maxWaitingBytes) cut(link, 'it does not take what it is told');
  }

  function cut(link: Link, reason: string): void {
    if (!links.has(link)) return;
    forget(link);
    link.stream.destroy();
    onBroken(link.worker, reason);
  }

  function tellHead(link: Link): void {
    const head = journal.head();
    if (!link.isWelcome || head <= link.toldHead) return;
    link.toldHead = head;
    link.writer.begin(linkKinds.head).number(head).endSoon();
  }

  function tellNews(): void {
    const health = journal.health();
    for (const link of links) {
      tellHead(link);
      if (!link.isWelcome || reasonOf(health) === link.toldReason) continue;
      link.toldReason = reasonOf(health);
      writeHealth(link.writer.begin(linkKinds.health), health);
      link.writer.end();
    }
  }

  function welcome(link: Link, worker: number): void {
    const health = journal.health();
    link.worker = worker;
    link.isWelcome = true;
    link.toldHead = journal.head();
    link.toldReason = reasonOf(health);
    writeHealth(link.writer.begin(linkKinds.welcome).number(link.toldHead), health);
    link.writer.end();
  }

  function onFrame(link: Link, body: LinkBody): void {
    // Cut while it was read: nobody would forget what it watches now.
    if (link.isGone) return;
    switch (body.kind) {
      case linkKinds.append:
        return append(link, body);
      case linkKinds.watch:
        return watch(link, body.count(), body.text());
      case linkKinds.unwatch:
        return watching.remove(body.text(), link);
      case linkKinds.acknowledge:
        return journal.acknowledge(body.text(), body.number());
      case linkKinds.mailbox: {
        const limits = { call: body.count(), uid: body.text(), after: body.number() };
        const page = journal.mailbox(limits.uid, limits.after, { entries: body.count(), bytes: body.count() });
        return answer(link, limits.call, page, writePage);
      }
      case linkKinds.read:
        return answer(link, body.count(), journal.read(body.number(), body.count()), writeEntries);
      case linkKinds.completeSince:
        return answer(link, body.count(), journal.completeSince(), (frame, since) => frame.number(since));
      case linkKinds.find:
        return answer(link, body.count(), journal.find(body.text()), (frame, found) => {
          if (found === undefined) return frame.byte(0);
          const { mid, message } = found;
          frame
            .byte(1)
            .number(mid)
            .byte(message === undefined ? 0 : 1);
          return message === undefined ? frame : frame.entry({ mid, message });
        });
      case linkKinds.ackedBy: {
        const call = body.count();
        return answer(link, call, journal.ackedBy(body.many(() => body.text())), writeNumbers);
      }
      case linkKinds.forgetUnit:
        return journal.forgetUnit(body.text());
      case linkKinds.hello:
        return welcome(link, body.count());
      default:
        throw new RangeError(`a frame of kind ${body.kind} from a worker`);
    }
  }

  function append(link: Link, body: LinkBody): void {
    const call = body.count();
    const unit = body.text();
    const messages = body.entries().map(({ message }) => message);
    answer(link, call, journal.append(messages, unit), writeAppended);
  }

  function watch(link: Link, call: number, uid: string): void {
    watching.add(uid, link);
    link.toldHead = journal.head();
    link.writer.begin(linkKinds.answer).count(call).number(link.toldHead).end();
  }

  function answer<Value>(
    link: Link,
    call: number,
    value: Promise<Value>,
    write: (frame: LinkWriter, value: Value) => unknown,
  ): void {
    value.then(
      (known) => {
        if (!links.has(link)) return;
        // Everything up to here was told, which it must know before it reads of that in the answer.
        tellHead(link);
        write(link.writer.begin(linkKinds.answer).count(call), known);
        link.writer.end();
      },
      (error: unknown) => {
        if (!links.has(link)) return;
        const reason = error instanceof Error ? error.message : String(error);
        link.writer.begin(linkKinds.failure).count(call).text(reason).end();
      },
    );
  }

  function forget(link: Link): void {
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
    accept(stream: LinkStream): void {
      const link: Link = {
        stream,
        writer: new LinkWriter(stream, monotonicMs, { onWrite: () => tellHead(link) }),
        worker: 0,
        toldHead: 0,
        toldReason: undefined,
        isWelcome: false,
        isGone: false,
        entries: 0,
      };
      links.add(link);
      const reader = new LinkReader((body) => onFrame(link, body));
      stream.on('data', (chunk: Buffer) => {
        try {
          reader.push(chunk);
        } catch (error) {
          cut(link, `what it says cannot be read: ${String(error)}`);
        }
      });
      stream.on('error', () => {});
      stream.on('end', () => stream.end());
      stream.on('close', () => forget(link));
    },
    /** What each link has carried. */
    counts: (): LinkCount[] =>
      [...links].map((link) => ({
        worker: link.worker,
        frames: link.writer.frames,
        writes: link.writer.writes,
        entries: link.entries,
      })),
    /** The uids that workers watch. */
    get uids(): number {
      return watching.size;
    },
    stop(): void {
      clearInterval(news);
      for (const { stream } of links) stream.destroy();
      links.clear();
    },
  };
}

export type JournalServer = ReturnType<typeof createJournalServer>;

function reasonOf(health: Health): string | undefined {
  return health.ok ? undefined : health.reason;
}

function writeHealth(frame: LinkWriter, health: Health): void {
  frame.byte(health.ok ? 1 : 0);
  if (!health.ok) frame.text(health.reason);
}

function writePage(frame: LinkWriter, { entries, through, gap, isLast }: MailboxPage): void {
  frame
    .number(through)
    .byte(gap ? 1 : 0)
    .byte(isLast ? 1 : 0);
  writeEntries(frame, entries);
}

function writeEntries(frame: LinkWriter, entries: readonly Entry[]): void {
  frame.count(entries.length);
  for (const entry of entries) frame.entry(entry);
}

function writeNumbers(frame: LinkWriter, numbers: readonly number[]): void {
  frame.count(numbers.length);
  for (const number of numbers) frame.number(number);
}

function writeAppended(frame: LinkWriter, appended: readonly Appended[]): void {
  frame.count(appended.length);
  for (const { mid, outcome } of appended) frame.number(mid).byte(linkOutcomes.indexOf(outcome));
}
