import type { Entry, Health } from '../journal/journal.ts';
import type { Message } from '../message/message.ts';
import { linkKinds, LinkReader, type LinkBatch, type LinkEnds } from './link-frames.ts';
import type { RoundLink } from './link-rounds.ts';
import { writeHealth } from './link-values.ts';
import { LinkWriter } from './link-writer.ts';

export interface WorkerLinkDeps {
  /** The newest mid of the journal. */
  readonly head: () => number;
  readonly health: () => Health;
  /** Milliseconds of the machine's monotonic clock, which all its processes share. */
  readonly machineMs: () => number;
  /** It does not take what it is told. */
  readonly onStuck: (link: WorkerLink) => void;
}

/** The supervisor's end of one worker's link: what its worker was told, and what it has said. */
export class WorkerLink implements RoundLink {
  readonly arrived: LinkBatch[] = [];
  isAsking = false;
  /** Nothing comes any more. */
  hasEnded = false;
  /** It is forgotten: nothing that it said is heeded. */
  isGone = false;
  worker = 0;
  /** How many entries it was told. */
  entries = 0;
  readonly writer: LinkWriter;
  readonly #reader = new LinkReader((batch) => this.arrived.push(batch));
  readonly #ends: LinkEnds;
  readonly #deps: WorkerLinkDeps;
  readonly #maxWaitingBytes: number;
  /** The newest mid that its worker has heard of. */
  #toldHead = 0;
  #toldReason: string | undefined;
  #isWelcome = false;
  #isDeaf = false;

  constructor(ends: LinkEnds, maxWaitingBytes: number, deps: WorkerLinkDeps) {
    this.#ends = ends;
    this.#deps = deps;
    this.#maxWaitingBytes = maxWaitingBytes;
    this.writer = new LinkWriter(ends.outlet, deps.machineMs, { onWrite: () => this.tellHead() });
    ends.outlet.on('error', () => {});
    ends.outlet.on('close', () => (this.#isDeaf = true));
  }

  /** It knows where the journal stands, and may be told what comes. */
  get isWelcome(): boolean {
    return this.#isWelcome;
  }

  /** Whether its worker can be told anything. */
  get hears(): boolean {
    return !this.isGone && !this.#isDeaf;
  }

  get isWithin(): boolean {
    return this.#reader.isWithin;
  }

  /** Something was read of it. */
  read(chunk: Buffer): void {
    this.#reader.push(chunk);
  }

  rest(isResting: boolean): void {
    this.#ends.source.rest?.(isResting);
  }

  welcome(worker: number): void {
    const health = this.#deps.health();
    this.worker = worker;
    this.#isWelcome = true;
    this.#toldHead = this.#deps.head();
    this.#toldReason = reasonOf(health);
    writeHealth(this.writer.begin(linkKinds.welcome).number(this.#toldHead), health);
    this.writer.end();
  }

  /** Goes with the next answer, if there is one soon. */
  tellEntry(entry: Entry): void {
    if (!this.hears) return;
    this.writer.begin(linkKinds.entry).entry(entry).endSoon();
    this.#toldHead = entry.mid;
    this.entries += 1;
    if (this.writer.waitingBytes <= this.#maxWaitingBytes) return;
    // What it has handed over is still heeded.
    this.#isDeaf = true;
    this.#ends.outlet.destroy();
    this.#deps.onStuck(this);
  }

  /** What it handed over had expired before it was appended. */
  tellExpired(message: Message): void {
    if (this.hears) this.writer.begin(linkKinds.expired).entry({ mid: 0, message }).endSoon();
  }

  /** Everything up to the newest mid was told, or is not for its worker. */
  tellHead(): void {
    const head = this.#deps.head();
    if (!this.#isWelcome || !this.hears || head <= this.#toldHead) return;
    this.#toldHead = head;
    this.writer.begin(linkKinds.head).number(head).endSoon();
  }

  /** The newest mid, and a change of the journal's health. */
  tellNews(): void {
    this.tellHead();
    const health = this.#deps.health();
    if (!this.#isWelcome || !this.hears || reasonOf(health) === this.#toldReason) return;
    this.#toldReason = reasonOf(health);
    writeHealth(this.writer.begin(linkKinds.health), health);
    this.writer.end();
  }

  /** From the newest mid on it is told what it watches from now on. */
  answerWatch(call: number): void {
    this.isAsking = true;
    if (!this.hears) return;
    this.#toldHead = this.#deps.head();
    this.writer.begin(linkKinds.answer).count(call).number(this.#toldHead).end();
  }

  /** Answers a call when its value is there; `write` writes it. */
  answer<Value>(call: number, value: Promise<Value>, write: (frame: LinkWriter, value: Value) => unknown): void {
    this.isAsking = true;
    value.then(
      (known) => {
        if (!this.hears) return;
        // Everything up to here was told, which it must know before it reads of that in the answer.
        this.tellHead();
        write(this.writer.begin(linkKinds.answer).count(call), known);
        this.writer.end();
      },
      (error: unknown) => {
        if (!this.hears) return;
        const reason = error instanceof Error ? error.message : String(error);
        this.writer.begin(linkKinds.failure).count(call).text(reason).end();
      },
    );
  }

  destroy(): void {
    this.#ends.source.destroy();
    this.#ends.outlet.destroy();
  }
}

function reasonOf(health: Health): string | undefined {
  return health.ok ? undefined : health.reason;
}
