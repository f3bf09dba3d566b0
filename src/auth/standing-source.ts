import type { Action, Change, Standing } from './standing.ts';

/** Somebody who wants to come in. */
export interface Seating {
  readonly uid: string;
  /** The name of the place that he is to have: no other one of this instance has it. */
  readonly seat: string;
  /** When what he came with was issued, 0: not known; null: nobody asked him for anything. */
  readonly issuedAtMs: number | null;
  /** Most connections of the uid on all instances. */
  readonly limit: number;
  /** When the uid has its most, its oldest connection gives its seat away. Else it is refused. */
  readonly replaces: boolean;
}

/** What the truth says to a `Seating`. `replaced`: the full names of seats, of any instance, that were given away. */
export type Verdict =
  | { readonly state: 'in'; readonly replaced: readonly string[] }
  | { readonly state: 'blocked' | 'revoked'; readonly standing: Standing }
  | { readonly state: 'full' };

/** What has changed since it was last asked. */
export interface News {
  /** Every uid that something is said of, where it is not known what changed; undefined: `changes` are all. */
  readonly whole: readonly (readonly [uid: string, standing: Standing])[] | undefined;
  readonly changes: readonly Change[];
  /** Every change up to this number is in it. */
  readonly through: number;
  /** The full names of seats of this instance that were given away. */
  readonly replaced: readonly string[];
}

/**
 * Where the truth about uids is, for the instances that take connections: their standing and their seats. What gives a promise rejects
 * when the truth does not answer in time.
 */
export interface StandingSource {
  /** Resolves when the truth can be asked, or is not there for now. Never rejects. */
  start(): Promise<void>;
  /** Judges and seats in one step: of two that come for the last seat at once, one gets it. */
  enter(seating: Seating): Promise<Verdict>;
  /** The seat is free, also where it is not known whether it was ever taken. */
  leave(uid: string, seat: string): void;
  /** The name that a seat of this instance has here; undefined: it is another instance's. */
  ownSeat(fullName: string): string | undefined;
  /** This instance was told of the change of this number. */
  told(number: number): void;
  news(): Promise<News>;
  stop(): Promise<void>;
}

/** The side of it that operators use. Rejects when the truth does not answer in time; it may have been done then. */
export interface StandingDesk {
  /** `full`: nothing was done, for as many uids as may be are shut out, and this one is none of them. */
  act(uid: string, action: Action): Promise<Change | 'full'>;
  standing(uid: string): Promise<Standing>;
}

/** The open seats of one instance: their uids. A seat is named for when it was taken, and a number. */
export type OpenSeats = ReadonlyMap<string, string>;

export function seatName(atMs: number, number: number): string {
  return `${Math.floor(atMs).toString(36)}-${number.toString(36)}`;
}

/** When it was taken, in Unix ms. */
export function seatedAtMs(seat: string): number {
  return Number.parseInt(seat, 36);
}
