import type { LinkBatch } from './link-frames.ts';

/**
 * What was handed over rests for so long after the round before it, in milliseconds: nobody waits for its answer, and many posts then share
 * what it costs that this process wakes, and those that it tells. After a quiet time nothing waits.
 */
export const roundMs = 4;

/** One worker's link, as it takes part in rounds. */
export interface RoundLink {
  /** What was read and is not done yet, in the order in which it was written. */
  readonly arrived: LinkBatch[];
  /** Somebody waits for an answer to what was read of it last. */
  isAsking: boolean;
  /** The end of what was read of it is still to come: the kernel has no room for more before it is read. */
  readonly isWithin: boolean;
  /** What its worker writes stays with the kernel from now on, or is read again. */
  rest(isResting: boolean): void;
}

export interface RoundsDeps<Link extends RoundLink> {
  /** Those that there are at each time. */
  readonly links: Iterable<Link>;
  /** Milliseconds of the machine's monotonic clock. */
  readonly machineMs: () => number;
  /** Does what one batch says. True: messages were handed over in it, so that there will be more. */
  readonly onBatch: (link: Link, batch: LinkBatch) => boolean;
  /** A round is over. `isHanding`: messages were handed over in it. */
  readonly onRound: (isHanding: boolean) => void;
}

/**
 * Does what workers say in the order in which they wrote it, over all links: who is answered by one worker and then posts to another comes after
 * himself. A round knows everything that was written before its beginning, since it reads all links after it; what was written
 * later waits for the next one.
 */
export class Rounds<Link extends RoundLink> {
  readonly #deps: RoundsDeps<Link>;
  readonly #begin = (): void => this.#began();
  readonly #end = (): void => this.#ended();
  readonly #restOver = (): void => this.#rested();
  /** A round is to begin, or has begun. */
  #isUnderWay = false;
  #beganMs = 0;
  #restTimer: NodeJS.Timeout | undefined;
  #waiting: (() => void)[] = [];
  #waitingNext: (() => void)[] = [];
  #isStopped = false;

  constructor(deps: RoundsDeps<Link>) {
    this.#deps = deps;
  }

  /** Something was read. */
  arrived(): void {
    if (this.#isUnderWay || this.#isStopped) return;
    this.#isUnderWay = true;
    // Not at once: what other links have may be older, and be read later.
    setImmediate(this.#begin);
  }

  /** Resolves when everything was done that had been written before. */
  caughtUp(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waitingNext.push(resolve);
      this.arrived();
    });
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#restTimer);
    for (const resolve of [...this.#waiting.splice(0), ...this.#waitingNext.splice(0)]) resolve();
  }

  #began(): void {
    if (this.#isStopped) return;
    clearTimeout(this.#restTimer);
    this.#restTimer = undefined;
    for (const link of this.#deps.links) link.rest(false);
    this.#waiting = this.#waitingNext.splice(0);
    this.#beganMs = this.#deps.machineMs();
    // All links are read between this and the end of the round.
    setImmediate(this.#end);
  }

  #ended(): void {
    if (this.#isStopped) return;
    const due: [LinkBatch, Link][] = [];
    for (const link of this.#deps.links) {
      const { arrived } = link;
      if (arrived.length === 0) continue;
      const later = arrived.findIndex(({ writtenMs }) => writtenMs > this.#beganMs);
      for (const batch of arrived.splice(0, later < 0 ? arrived.length : later)) due.push([batch, link]);
      link.isAsking = false;
    }
    due.sort(([one], [other]) => one.writtenMs - other.writtenMs);
    let isHanding = false;
    for (const [batch, link] of due) isHanding = this.#deps.onBatch(link, batch) || isHanding;
    this.#isUnderWay = false;
    this.#deps.onRound(isHanding);
    for (const resolve of this.#waiting.splice(0)) resolve();
    if (isHanding) this.#rest();
    if (this.#waitingNext.length > 0 || this.#hasMore(isHanding)) this.arrived();
  }

  /** Something is left that is not to wait for the end of a rest. */
  #hasMore(isResting: boolean): boolean {
    for (const { arrived, isAsking } of this.#deps.links)
      if (arrived.length > 0 && (isAsking || !isResting)) return true;
    return false;
  }

  #rest(): void {
    for (const link of this.#deps.links) if (!link.isAsking && !link.isWithin) link.rest(true);
    this.#restTimer = setTimeout(this.#restOver, roundMs);
  }

  #rested(): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    this.#began();
  }
}
