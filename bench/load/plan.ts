import type { Credentials } from './credentials.ts';

/** Whom a post is for: everybody, one connected uid after the other, or a uid that nobody listens as. */
export type Audience = 'all' | 'single' | 'nobody';

/** What a connection speaks after its upgrade. */
export type Protocol = 'websocket' | 'socket.io';

/** One run of the generator; given to its process as JSON. */
export interface LoadPlan {
  port: number;
  protocol: Protocol;
  /** The server's processes: their CPU time and resident memory are the result. */
  serverPids: number[];
  /** Processes beside the server (a Redis) whose CPU time is told separately. */
  storePids: number[];
  /** What the server asks for; null: nothing. */
  credentials: Credentials | null;
  connections: number;
  /** How long to wait after the last connection before memory is read and posting begins. */
  settleMs: number;
  audience: Audience;
  /** Envelopes in one request; above 1 the body is an array. */
  batch: number;
  /** Keep-alive HTTP connections; each has at most one request under way. 0: connect and measure memory only. */
  posters: number;
  /** Posts per second, sent on schedule whatever the server does; 0: each poster posts as soon as it is answered. */
  postsPerSecond: number;
  /** Posting ends at whichever comes first. */
  durationMs: number;
  maxPosts: number;
  /** Posting before the clock starts, so that the server's code is compiled; delivered and checked, not measured. */
  warmupMs: number;
  /** A closed-loop post waits while more deliveries than this are outstanding, so that a slow reader loses nothing. */
  maxOutstanding: number;
  /** Every how many deliveries the stamp is read. */
  sampleEvery: number;
  /** Connections beside the others that never read, and hold all they can before posting begins. */
  stuck: number;
  /** Above 0 this is another work: every connection comes back after it has missed so many messages. */
  missed: number;
  /** The run is over, and short of deliveries, when none came for this long. */
  quietMs: number;
}

export const DEFAULT_PLAN: Omit<LoadPlan, 'port' | 'serverPids'> = {
  protocol: 'websocket',
  storePids: [],
  credentials: null,
  connections: 1_000,
  settleMs: 500,
  audience: 'all',
  batch: 1,
  posters: 8,
  postsPerSecond: 0,
  durationMs: 4_000,
  maxPosts: 200_000,
  warmupMs: 1_000,
  maxOutstanding: 8_000_000,
  sampleEvery: 101,
  stuck: 0,
  missed: 0,
  quietMs: 3_000,
};

/**
 * Uids are five digits wide, so that a request is patched in place and keeps its length. Connection `index` listens
 * as this one; a post for `nobody` goes to the first one past the last connection.
 */
export function uidOf(index: number): number {
  return 10_000 + index;
}

/** Spreads successive posts over the connections: a step that has no factor in common with round counts. */
export function spreadIndex(sequence: number, connections: number): number {
  return (sequence * 7_919) % connections;
}
