/** What operators have said of a uid. */
export interface Standing {
  /** Unix ms until which no connection of the uid is taken; 0: it is not blocked. */
  readonly blockedUntilMs: number;
  /** Unix ms: what was issued before is not accepted any more; 0: nothing is revoked. */
  readonly revokedBeforeMs: number;
}

/** Until when a uid is blocked that is blocked for good. */
export const forGoodMs = Number.MAX_SAFE_INTEGER;

/** Of a uid that nothing was said of. */
export const goodStanding: Standing = Object.freeze({ blockedUntilMs: 0, revokedBeforeMs: 0 });

/** What an operator can do to a uid. Only `disconnect` leaves nothing behind. */
export type Action =
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'block'; readonly untilMs: number }
  | { readonly kind: 'unblock' }
  | { readonly kind: 'revoke'; readonly beforeMs: number }
  | { readonly kind: 'unrevoke' };

/** What was done to a uid, and its standing from then on. Changes of one deployment are numbered upwards. */
export interface Change {
  readonly number: number;
  readonly uid: string;
  readonly kind: Action['kind'];
  readonly standing: Standing;
}

/** How many uids may be shut out at a time. */
export interface ShutOutLimit {
  /** Most uids that are blocked or have something revoked. */
  readonly maxShutOut: number;
}

/** The standing after an action. Who revokes twice has revoked both: an earlier instant takes nothing back. */
export function standingAfter(standing: Standing, action: Action): Standing {
  switch (action.kind) {
    case 'disconnect':
      return standing;
    case 'block':
      return { ...standing, blockedUntilMs: action.untilMs };
    case 'unblock':
      return { ...standing, blockedUntilMs: 0 };
    case 'revoke':
      return { ...standing, revokedBeforeMs: Math.max(standing.revokedBeforeMs, action.beforeMs) };
    case 'unrevoke':
      return { ...standing, revokedBeforeMs: 0 };
  }
}

/**
 * Why somebody of this standing may not be connected, or undefined. `issuedAtMs`: when what he came with was issued, 0 where that is
 * not known; null: nobody asked him for anything, so that nothing of his can be revoked.
 */
export function shutOut(
  standing: Standing,
  issuedAtMs: number | null,
  nowMs: number,
): 'blocked' | 'revoked' | undefined {
  if (standing.blockedUntilMs > nowMs) return 'blocked';
  return issuedAtMs !== null && issuedAtMs < standing.revokedBeforeMs ? 'revoked' : undefined;
}

/** Nothing more is to be remembered of it. */
export function isForgotten({ blockedUntilMs, revokedBeforeMs }: Standing, nowMs: number): boolean {
  return blockedUntilMs <= nowMs && revokedBeforeMs === 0;
}
