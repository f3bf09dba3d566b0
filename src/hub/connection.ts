import type { Grant } from '../auth/listener-auth.ts';
import type { Cohort } from './cohort.ts';
import { pingFrame } from './frame.ts';
import type { Outgoing } from './outgoing.ts';

/** How a connection wants its frames: exactly as the predecessor sent them, or with `mid` and `id`. */
export type Mode = 'plain' | 'tracked';

/** The WebSocket as the hub needs it; a `ws` WebSocket is one. */
export interface Door {
  /** 1 while frames may be written; anything else: a close frame is under way, or the connection is gone. */
  readonly readyState: number;
  close(code: number, reason: string): void;
  terminate(): void;
}

/** Where a socket has what is left of the write that is under way. Node itself judges the time-out of a socket by it. */
const handleName = '_handle';

/** The raw socket below the WebSocket; a `net.Socket` is one. */
export interface Outlet {
  /** What it holds: of a write that is under way, all of it until its last byte is taken. */
  readonly writableLength: number;
  readonly [handleName]?: { readonly writeQueueSize?: number } | null;
  write(bytes: Uint8Array): boolean;
}

const readyStateOpen = 1;

/** What one turn has for a connection beside its cohort's: addressed to the uid, or of a connection that came in mid-turn. */
export interface OwnTurn {
  /** How many of the cohort's entries of this turn were before this connection's time. */
  skip: number;
  readonly own: Outgoing[];
  /** For each of them, how many of the cohort's go before it. */
  readonly positions: number[];
}

/** The state of a connection that is caught up from the journal, after a resume or since it was too slow. It holds no frame. */
export interface Behind {
  types: readonly string[];
  /** Everything up to this mid was written to it. */
  cursor: number;
  /** It is still to be welcomed. */
  isNew: boolean;
  /** It was told that something up to this mid is missing; 0: it was told nothing. */
  gapSaid: number;
  /** Up to this mid it was counted as matched when the entries were published. */
  readonly matchedThrough: number;
  /** What the socket had unsent when it was last looked at, and when that became less, by the monotonic clock. */
  unsentBytes: number;
  progressMs: number;
  /** The store is being asked, or is not to be asked again before this time by the monotonic clock. */
  isReading: boolean;
  askAgainMs: number;
}

/** One open connection. Kept small: no closure, no timer and no library set hangs on it. */
export class Connection {
  readonly uid: string;
  readonly mode: Mode;
  readonly door: Door;
  readonly #outlet: Outlet;
  readonly #budgetBytes: number;

  /** Whose view it shares; the hub's. */
  cohort: Cohort | null = null;
  cohortIndex = 0;
  /** What is gathered for it alone, what is under way to it alone, and the last fan-out that it has had its part of; the fan-out's. */
  turn: OwnTurn | null = null;
  underWay: OwnTurn | null = null;
  given = 0;
  /** The newest mid when it became live: it has everything up to there. */
  liveSince = 0;
  /** Null: it is live. */
  behind: Behind | null = null;

  /** Where the heartbeat keeps it, and whether it was heard since the last ping; the heartbeat's. */
  heartbeatSlot = 0;
  heartbeatIndex = 0;
  isHeard = true;

  /** Its place among the connections of its uid; the gateway's. */
  seat: string | null = null;
  /** What it may have; null where nobody was asked. The gateway's. */
  grant: Grant | null = null;
  /** When it was opened, in whole milliseconds of the monotonic clock; the gateway's. */
  openedMs = 0;
  /** The second of the newest client frame and how many came in it; the gateway's. */
  frameSecond = 0;
  frameCount = 0;

  constructor(door: Door, outlet: Outlet, uid: string, mode: Mode, budgetBytes: number) {
    this.door = door;
    this.#outlet = outlet;
    this.uid = uid;
    this.mode = mode;
    this.#budgetBytes = budgetBytes;
  }

  /** What the socket has not been able to write yet. */
  get waitingBytes(): number {
    return this.#outlet.writableLength;
  }

  /** Falls with every byte that the socket gets rid of. Only to be compared: a write that is under way counts twice. */
  get unsentBytes(): number {
    return this.#outlet.writableLength + (this.#outlet[handleName]?.writeQueueSize ?? 0);
  }

  /** Unix ms when what it came with was issued, 0: not known. */
  get issuedAtMs(): number {
    return this.grant?.issuedAtMs ?? 0;
  }

  /** The types that it wants. */
  get types(): readonly string[] {
    return this.behind?.types ?? this.cohort?.typeList ?? [];
  }

  get isOpen(): boolean {
    return this.door.readyState === readyStateOpen;
  }

  /**
   * Writes whole frames. False: it is too slow, since what it has not read yet and these bytes are more than its budget, and
   * nothing was written. A socket that holds nothing takes any amount, so that a budget below one turn's frames starves nobody:
   * what a connection holds is bounded by the budget or one turn, whichever is more. After a close frame nothing is written.
   */
  write(bytes: Uint8Array): boolean {
    if (!this.isOpen) return true;
    const { waitingBytes } = this;
    if (waitingBytes > 0 && waitingBytes + bytes.length > this.#budgetBytes) return false;
    this.#outlet.write(bytes);
    return true;
  }

  /**
   * Writes a ping, outside of the budget: two bytes once an interval, which a slow but living client reads and answers when
   * it comes to them.
   */
  ping(): void {
    if (this.isOpen) this.#outlet.write(pingFrame);
  }
}
