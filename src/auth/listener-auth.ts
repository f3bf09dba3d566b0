import type { ErrorCode } from '../wire/errors.ts';

/** What a request brings along that may say who sent it. */
export interface Presented {
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** What a listener may have: by its token or its ticket, or, where nobody asks for one, by its own word. */
export interface Grant {
  readonly uid: string;
  /** Null: all types that it asks for. */
  readonly types: readonly string[] | null;
  /** Unix ms after which it is over; 0: never. */
  readonly expiresAtMs: number;
  /** Unix ms when it was issued, 0 where that is not known: what is revoked was issued before. */
  readonly issuedAtMs: number;
  /** Most open connections of the uid; null: as the settings say. */
  readonly maxConnections: number | null;
}

/** A sentence for the developer who reads it, without what was presented. */
export interface Refused {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

export type Authenticated = { readonly ok: true; readonly grant: Grant } | Refused;

/** Who may listen. */
export interface ListenerAuth {
  /** False: nobody is asked, and a listener has the uid that it names. Then the rest is not used. */
  readonly isOn: boolean;
  /** What a listener that wants to connect may have. Never rejects. */
  authenticate(presented: Presented): Promise<Authenticated>;
  /** What a token that came over an open connection grants. Never rejects. */
  renew(token: string): Promise<Authenticated>;
}

/** Nobody is asked. */
export const openListenerAuth: ListenerAuth = {
  isOn: false,
  authenticate: () => Promise.reject(new TypeError('nobody is asked')),
  renew: () => Promise.reject(new TypeError('nobody is asked')),
};

/** What somebody has whom nobody asks. */
export function grantByWord(uid: string): Grant {
  return { uid, types: null, expiresAtMs: 0, issuedAtMs: 0, maxConnections: null };
}
