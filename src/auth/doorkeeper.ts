import { closeCodes } from '../wire/close-codes.ts';
import type { Refused } from './listener-auth.ts';
import { blockedRefusal, revokedRefusal } from './refusals.ts';
import { shutOut, type Change, type Standing } from './standing.ts';
import type { Standings } from './standings.ts';

/** An open connection, as far as it can be shown the door. */
export interface Guest {
  readonly uid: string;
  readonly seat: string | null;
  readonly issuedAtMs: number;
  readonly isOpen: boolean;
}

/** The open connections of this instance; a hub is one. */
export interface House<G extends Guest = Guest> {
  /** The oldest first. O(connections of the uid). */
  connectionsOf(uid: string): readonly G[];
  dismiss(connection: G, code: number, reason: string): void;
}

export interface DoorkeeperCounters {
  kicked: number;
  replaced: number;
}

export interface DoorkeeperDeps {
  readonly house: House;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly counters: DoorkeeperCounters;
  /** What is known here; where there is no other truth, it is the truth. */
  readonly standings: Standings;
}

/** Carries out on the connections of this instance what is said of their uids, and knows it for those who come. */
export class Doorkeeper {
  readonly #deps: DoorkeeperDeps;
  readonly #asksListeners: boolean;
  readonly standings: Standings;

  /** `asksListeners`: what a listener came with was issued by somebody, and can be revoked. */
  constructor(deps: DoorkeeperDeps, { asksListeners }: { readonly asksListeners: boolean }) {
    this.#deps = deps;
    this.standings = deps.standings;
    this.#asksListeners = asksListeners;
  }

  /** By what is known here. */
  refusal(uid: string, issuedAtMs: number): Refused | undefined {
    const standing = this.standings.get(uid);
    const why = shutOut(standing, this.issuedAt(issuedAtMs), this.#deps.now());
    if (why === undefined) return undefined;
    return why === 'blocked' ? blockedRefusal(standing) : revokedRefusal(standing);
  }

  /** Null where nobody is asked for anything that could have been issued. */
  issuedAt(issuedAtMs: number): number | null {
    return this.#asksListeners ? issuedAtMs : null;
  }

  /** Closes who has no place here any more. How many that were. O(connections of the uid). */
  settle(uid: string, standing: Standing): number {
    const { now, house } = this.#deps;
    this.standings.set(uid, standing, now());
    let closed = 0;
    for (const guest of house.connectionsOf(uid)) {
      const why = shutOut(standing, this.issuedAt(guest.issuedAtMs), now());
      if (why === 'blocked') closed += this.#dismiss(guest, closeCodes.blocked, 'this uid is blocked');
      if (why === 'revoked') closed += this.#dismiss(guest, closeCodes.tokenRevoked, 'what it came with is revoked');
    }
    return closed;
  }

  /** As `settle`, and for a `disconnect` all of them. */
  carryOut({ uid, kind, standing }: Change): number {
    let closed = this.settle(uid, standing);
    if (kind !== 'disconnect') return closed;
    for (const guest of this.#deps.house.connectionsOf(uid)) {
      closed += this.#dismiss(guest, closeCodes.disconnected, 'an operator has disconnected this uid');
    }
    return closed;
  }

  #dismiss(guest: Guest, code: number, reason: string): number {
    if (!guest.isOpen) return 0;
    this.#deps.counters.kicked += 1;
    this.#deps.house.dismiss(guest, code, reason);
    return 1;
  }

  /** Those whose seats were given away. */
  replace(guests: Iterable<Guest>): number {
    let closed = 0;
    for (const guest of guests) {
      if (!guest.isOpen) continue;
      closed += 1;
      this.#deps.counters.replaced += 1;
      this.#deps.house.dismiss(guest, closeCodes.replaced, 'a newer connection of this uid has taken its place');
    }
    return closed;
  }
}
