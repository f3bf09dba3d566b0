import type { Presented, Refused } from './listener-auth.ts';

/** What is known of an upgrade before anybody asks who it is from. */
export interface Knock {
  readonly headers: Presented['headers'];
  /** Of the other end of the connection. */
  readonly remoteAddress: string | undefined;
}

/** Refuses an upgrade for where it comes from: its page's origin, its address. Undefined: it may go on. */
export type DoorRule = (knock: Knock) => Refused | undefined;
