import type { Grant, Refused } from './listener-auth.ts';

/** A seat is a connection's place among those of its uid on all instances; null: nobody counts them. */
export type Entered = { readonly ok: true; readonly seat: string | null } | Refused;

/** Whether somebody who is who he says may come in now: nobody who is shut out, and not more connections of a uid than it may have. */
export interface Entry {
  /** Never rejects. */
  enter(grant: Grant): Entered | Promise<Entered>;
  /** Why he who was let in is to go all the same, by what is known here now; undefined: he may stay. */
  shutOut(grant: Grant): Refused | undefined;
  /** Its connection has closed, or was never opened. */
  leave(uid: string, seat: string): void;
}

/** Everybody may come in. */
export const openEntry: Entry = { enter: () => ({ ok: true, seat: null }), shutOut: () => undefined, leave: () => {} };
