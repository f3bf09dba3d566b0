import type { Connection } from '../hub/connection.ts';
import { tokenFrame } from '../hub/frame.ts';
import type { Hub } from '../hub/hub.ts';
import type { Counters } from '../ops/counters.ts';
import { closeCodes } from '../wire/close-codes.ts';

export interface TokenWatchDeps {
  readonly hub: Pick<Hub, 'dismiss'>;
  readonly counters: Pick<Counters, 'tokensExpired'>;
  /** Unix milliseconds of the machine's clock, by which tokens expire. */
  readonly now: () => number;
}

/** How long ahead a client is told; where less than twice of it is left, at half of that. */
const aheadMs = 30_000;

/** A token is over up to so much later than it says. */
const tickMs = 500;

/**
 * Tells tracked connections ahead of time that their token expires, and closes those whose token has. One timer for all, which runs while
 * there is one to wait for. What it holds is gone with its connection; work per tick: O(connections that are due).
 */
export class TokenWatch {
  readonly #deps: TokenWatchDeps;
  /** In ticks. */
  readonly #dues = new Map<Connection, number>();
  readonly #slots = new Map<number, Set<Connection>>();
  #doneTick = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: TokenWatchDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#dues.size;
  }

  /** From now on, or anew: the connection's grant has just been given to it. */
  watch(connection: Connection): void {
    this.forget(connection);
    const expiresAtMs = expiryOf(connection);
    if (expiresAtMs === 0) return;
    const nowMs = this.#deps.now();
    const leftMs = Math.max(0, expiresAtMs - nowMs);
    const isTold = connection.mode === 'tracked';
    this.#put(connection, isTold ? expiresAtMs - Math.min(aheadMs, leftMs / 2) : expiresAtMs);
  }

  /** Harmless for one that is not watched. */
  forget(connection: Connection): void {
    const due = this.#dues.get(connection);
    if (due === undefined) return;
    this.#dues.delete(connection);
    const slot = this.#slots.get(due);
    slot?.delete(connection);
    if (slot?.size === 0) this.#slots.delete(due);
    if (this.#dues.size === 0) this.#stop();
  }

  /** Does what is due. */
  tick(): void {
    const nowMs = this.#deps.now();
    const nowTick = Math.floor(nowMs / tickMs);
    const behind = nowTick - this.#doneTick;
    // After a jump of the clock there are fewer slots than ticks.
    const ticks =
      behind > this.#slots.size
        ? [...this.#slots.keys()].filter((tick) => tick <= nowTick)
        : Array.from({ length: Math.max(0, behind) }, (_, index) => this.#doneTick + 1 + index);
    this.#doneTick = nowTick;
    const due = ticks.flatMap((tick) => [...(this.#slots.get(tick) ?? [])]);
    const over = due.filter((connection) => expiryOf(connection) <= nowMs);
    for (const connection of due) if (expiryOf(connection) > nowMs) this.#tell(connection, nowMs);
    for (const connection of over) this.#close(connection);
  }

  #tell(connection: Connection, nowMs: number): void {
    const expiresAtMs = expiryOf(connection);
    this.forget(connection);
    // Who is still to be welcomed is told nothing before. A plain one is due only when it is over.
    if (connection.behind?.isNew !== true) {
      connection.write(tokenFrame({ event: 'token', expires_in_ms: Math.round(expiresAtMs - nowMs) }));
    }
    this.#put(connection, expiresAtMs);
  }

  #close(connection: Connection): void {
    this.forget(connection);
    if (!connection.isOpen) return;
    this.#deps.counters.tokensExpired += 1;
    this.#deps.hub.dismiss(connection, closeCodes.tokenExpired, 'the token has expired');
  }

  #put(connection: Connection, atMs: number): void {
    if (this.#dues.size === 0) this.#start();
    const tick = Math.max(Math.ceil(atMs / tickMs), this.#doneTick + 1);
    this.#dues.set(connection, tick);
    const slot = this.#slots.get(tick);
    if (slot === undefined) this.#slots.set(tick, new Set([connection]));
    else slot.add(connection);
  }

  #start(): void {
    this.#doneTick = Math.floor(this.#deps.now() / tickMs);
    this.#timer ??= setInterval(() => this.tick(), tickMs);
    this.#timer.unref();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** 0: never. */
function expiryOf(connection: Connection): number {
  return connection.grant?.expiresAtMs ?? 0;
}
