/** What a plain connection receives for each message. Its members stand in this order. */
export interface PlainFrame {
  readonly types: string;
  readonly msg: unknown;
  readonly time: string;
}

/** What a tracked connection receives for each message. `mid` is strictly increasing on one connection. */
export interface TrackedFrame extends PlainFrame {
  readonly mid: number;
  readonly id: string;
}

/** The first frame of a tracked connection. `resumed: false`: what lies between its cursor and `mid` cannot be replayed. */
export interface WelcomeEvent {
  readonly event: 'welcome';
  readonly mid: number;
  readonly resumed: boolean;
}

/** What a client may send: an acknowledged cursor, or new types for this connection. Anything else is ignored. */
export type ClientFrame = { readonly ack: number } | { readonly types: readonly string[] };

/** The type name that an envelope or a listener has when it gives none. */
export const defaultType = 'notice';

/** The listener's word for every type. It is no type name itself. */
export const everyType = '*';
