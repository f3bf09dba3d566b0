/**
 * Who wants to be told what is for a uid. For an instance that is told everything this costs nothing; a worker is told only what is for
 * the uids of its connections.
 */
export interface Watches {
  /**
   * Somebody here wants what is for the uid, until `unwatch` is called as often as this was. Undefined: it is told from now on. Else it
   * is once the promise resolves; it rejects when that cannot be had in time, and there is nothing to `unwatch` then.
   */
  watch(uid: string): Promise<void> | undefined;
  unwatch(uid: string): void;
}

interface Watch {
  holders: number;
  /** Everything for the uid above this mid was told; Infinity: that is not answered yet. */
  since: number;
  asked: Promise<void>;
}

export interface WatchedDeps {
  /**
   * Asks to be told. `onAnswer` is given the newest mid that was not told by it, when the answer is read: it holds for what is read
   * right after it.
   */
  readonly ask: (uid: string, onAnswer: (since: number) => void) => Promise<void>;
  /** Tells that nobody wants it any more. */
  readonly release: (uid: string) => void;
}

/** The uids that a worker is told of, with how many want each. Costs one entry of a Map for each uid. */
export class Watched implements Watches {
  readonly #deps: WatchedDeps;
  readonly #byUid = new Map<string, Watch>();

  constructor(deps: WatchedDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#byUid.size;
  }

  /** Everything for the uid above this mid was told; Infinity: it is not told. */
  since(uid: string): number {
    return this.#byUid.get(uid)?.since ?? Infinity;
  }

  watch(uid: string): Promise<void> | undefined {
    const watch = this.#byUid.get(uid) ?? this.#ask(uid);
    watch.holders += 1;
    return watch.since === Infinity ? this.#answered(uid, watch) : undefined;
  }

  unwatch(uid: string): void {
    const watch = this.#byUid.get(uid);
    if (watch !== undefined) this.#leave(uid, watch);
  }

  #ask(uid: string): Watch {
    const watch: Watch = { holders: 0, since: Infinity, asked: Promise.resolve() };
    this.#byUid.set(uid, watch);
    watch.asked = this.#deps.ask(uid, (since) => (watch.since = since));
    return watch;
  }

  async #answered(uid: string, watch: Watch): Promise<void> {
    try {
      await watch.asked;
    } catch (error) {
      this.#leave(uid, watch);
      throw error;
    }
  }

  #leave(uid: string, watch: Watch): void {
    watch.holders -= 1;
    if (watch.holders > 0 || this.#byUid.get(uid) !== watch) return;
    this.#byUid.delete(uid);
    this.#deps.release(uid);
  }
}
