/** A question that is under way: who has answered it. */
interface Pending {
  readonly answers: Map<string, unknown>;
  /** How many are to answer; Infinity until that is known. */
  expected: number;
  readonly finish: () => void;
}

/** The questions of one instance that are under way, each for at most `waitMs`. */
export class Asked {
  readonly #waitMs: number;
  readonly #pending = new Map<number, Pending>();
  #last = 0;

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /**
   * Sends a question by `send`, which is given its number and resolves with how many are going to answer. Resolves with their answers
   * once all have come, or with those of them that came in time. Rejects as `send` does.
   */
  async ask(send: (ask: number) => Promise<number>): Promise<ReadonlyMap<string, unknown>> {
    this.#last += 1;
    const ask = this.#last;
    let finish = (): void => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const pending: Pending = { answers: new Map(), expected: Infinity, finish };
    this.#pending.set(ask, pending);
    let timer: NodeJS.Timeout | undefined;
    try {
      pending.expected = await send(ask);
      if (pending.answers.size < pending.expected) {
        timer = setTimeout(finish, this.#waitMs);
        await finished;
      }
      return pending.answers;
    } finally {
      clearTimeout(timer);
      this.#pending.delete(ask);
    }
  }

  /** An answer to a question that nobody asks (any more) is not heeded. */
  replied(ask: number, from: string, answer: unknown): void {
    const pending = this.#pending.get(ask);
    if (pending === undefined || pending.answers.size >= pending.expected) return;
    pending.answers.set(from, answer);
    if (pending.answers.size >= pending.expected) pending.finish();
  }
}
