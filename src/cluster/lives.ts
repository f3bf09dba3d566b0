/** A process that lived for less is not replaced at once: what ended it may end the next one as well. */
const youngMs = 10_000;
const firstPauseMs = 1000;
const longestPauseMs = 30_000;

/** How long the processes in the place of one worker have lived, one after the other. */
export class Lives {
  readonly #monotonicMs: () => number;
  #sinceMs = 0;
  #youngDeaths = 0;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** They die one after the other: the next one is waited for longer than whoever has come can wait. */
  get isHopeless(): boolean {
    return this.#youngDeaths > 1;
  }

  begun(): void {
    this.#sinceMs = this.#monotonicMs();
  }

  /** In how many milliseconds the next one is to be started. */
  died(): number {
    const isYoung = this.#monotonicMs() - this.#sinceMs < youngMs;
    this.#youngDeaths = isYoung ? this.#youngDeaths + 1 : 0;
    return isYoung ? Math.min(longestPauseMs, firstPauseMs * 2 ** (this.#youngDeaths - 1)) : 0;
  }
}
