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

/** What the truth says to a `Seating`. `replaced`: seats of any instance that were given away. */
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
  /** Seats of this instance that were given away. */
  readonly replaced: readonly string[];
}

/**
 * Where the truth about uids is: their standing and their seats, for all instances of a deployment. Everything rejects when the truth
 * does not answer in time, except `leave`.
 */
export interface StandingSource {
  start(): Promise<void>;
  /** Judges and seats in one step: of two that come for the last seat at once, one gets it. */
  enter(seating: Seating): Promise<Verdict>;
  /** He was let in without being asked for, since the truth was away: he is to have his seat once it is back. */
  adopt(uid: string, seat: string): void;
  /** The seat is free, also where it is not known whether it was ever taken. */
  leave(uid: string, seat: string): void;
  news(): Promise<News>;
  stop(): Promise<void>;
}

/** The side of it that operators use. Rejects when the truth does not answer in time; it may have been done then. */
export interface StandingDesk {
  act(uid: string, action: Action): Promise<Change>;
  standing(uid: string): Promise<Standing>;
}
