import type { ErrorBody } from './errors.ts';

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

/**
 * The first frame of a tracked connection. `resumed: false`: some of what lies above its cursor is no longer kept; what still is
 * follows. `mid` is the newest message's: the cursor of a newcomer, and of a client whose own cursor is above it.
 */
export interface WelcomeEvent {
  readonly event: 'welcome';
  readonly mid: number;
  readonly resumed: boolean;
}

/**
 * What was sent above `after`, up to `mid`, may be lost to this connection: the instance was cut off from its store for longer than
 * that keeps messages. Only a tracked connection is told.
 */
export interface GapEvent {
  readonly event: 'gap';
  readonly after: number;
  readonly mid: number;
}

/**
 * The instance hands this connection over, and closes it right after: the client is to connect again in `after_ms`. Only a tracked
 * connection is told.
 */
export interface ReconnectEvent {
  readonly event: 'reconnect';
  readonly after_ms: number;
}

/** The message of this `id` is taken back. Has a `mid` of its own, which moves the cursor as a message's does. */
export interface RetractEvent {
  readonly mid: number;
  readonly event: 'retract';
  readonly id: string;
}

/**
 * What a tracked connection is told of its token: that it expires in so many milliseconds, unless the client sends a new one; that a new
 * one was taken, which is over at this Unix millisecond (null: never); or that it was not, and why: what it had before still holds.
 */
export type TokenEvent =
  | { readonly event: 'token'; readonly expires_in_ms: number }
  | { readonly event: 'token'; readonly expires_at: number | null }
  | { readonly event: 'token'; readonly error: ErrorBody['error'] };

/**
 * What a client may send: an acknowledged cursor, new types for this connection, or a new token in place of one that expires. Anything
 * else is ignored.
 */
export type ClientFrame = { readonly ack: number } | { readonly types: readonly string[] } | { readonly token: string };

/** The type name that an envelope or a listener has when it gives none. */
export const defaultType = 'notice';

/** The listener's word for every type. It is no type name itself. */
export const everyType = '*';
