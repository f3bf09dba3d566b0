import type { LinkBody } from './link-frames.ts';

/** The supervisor did not answer in time, or is gone. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
}

interface Call {
  readonly deadlineMs: number;
  /** Reads the answer; undefined: there is none, for this reason. */
  readonly settle: (answer: LinkBody | undefined, reason: string) => void;
}

export interface LinkCallsOptions {
  /** The longest that a call waits for its answer. */
  readonly deadlineMs: number;
  readonly monotonicMs: () => number;
}

const largestNumber = 0xffff_ffff;

/** The calls of a worker that are under way, in the order of their deadlines. */
export class LinkCalls {
  readonly #options: LinkCallsOptions;
  readonly #calls = new Map<number, Call>();
  #last = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed: string | undefined;
  #idle: (() => void)[] = [];
  /** The last call that came to an end had no answer in time. */
  isLate = false;

  constructor(options: LinkCallsOptions) {
    this.#options = options;
  }

  /**
   * Gives the call a number, with which `send` sends it; `read` reads its answer, as soon as it comes. Rejects with a LinkError, or
   * with what the supervisor says of its failure.
   */
  make<Answer>(send: (call: number) => void, read: (answer: LinkBody) => Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) return reject(new LinkError(this.#closed));
      this.#last = this.#last === largestNumber ? 1 : this.#last + 1;
      const call = this.#last;
      this.#calls.set(call, {
        deadlineMs: this.#options.monotonicMs() + this.#options.deadlineMs,
        settle: (answer, reason) => (answer === undefined ? reject(new LinkError(reason)) : resolve(read(answer))),
      });
      this.#timer ??= setTimeout(() => this.#expire(), this.#options.deadlineMs);
      send(call);
    });
  }

  /** How many are under way. */
  get size(): number {
    return this.#calls.size;
  }

  /** An answer that came after its deadline is not heeded. */
  answered(body: LinkBody): void {
    this.isLate = false;
    this.#end(body.count())?.settle(body, '');
    this.#noteIdle();
  }

  failed(body: LinkBody): void {
    const call = this.#end(body.count());
    call?.settle(undefined, body.text());
    this.#noteIdle();
  }

  /** From now on every call fails, for this reason. */
  close(reason: string): void {
    this.#closed = reason;
    clearTimeout(this.#timer);
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.settle(undefined, reason);
    this.#noteIdle();
  }

  /** Resolves when no call is under way, which is within the deadline when no more are made. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#noteIdle();
    });
  }

  #end(number: number): Call | undefined {
    const call = this.#calls.get(number);
    this.#calls.delete(number);
    return call;
  }

  #expire(): void {
    this.#timer = undefined;
    const { deadlineMs, monotonicMs } = this.#options;
    const nowMs = monotonicMs();
    for (const [number, call] of this.#calls) {
      if (call.deadlineMs > nowMs) {
        this.#timer = setTimeout(() => this.#expire(), Math.max(1, call.deadlineMs - nowMs));
        return;
      }
      this.#calls.delete(number);
      this.isLate = true;
      call.settle(undefined, `The supervisor gave no answer within ${deadlineMs} ms.`);
    }
    this.#noteIdle();
  }

  #noteIdle(): void {
    if (this.#calls.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
