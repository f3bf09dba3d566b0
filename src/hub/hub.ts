import type { Entry } from '../journal/journal.ts';
import { isExpired } from '../message/message.ts';
import type { Counters } from '../ops/counters.ts';
import { closeCodes } from '../wire/close-codes.ts';
import type { Cohort } from './cohort.ts';
import type { Connection, OwnTurn } from './connection.ts';
import { plainFrame, trackedFrame } from './frame.ts';
import { Pace } from './pace.ts';
import { Registry } from './registry.ts';

export interface HubDeps {
  /** Unix milliseconds, for expiry. */
  readonly now: () => number;
  /** Milliseconds of a clock that never jumps, for pacing. */
  readonly monotonicMs: () => number;
  readonly counters: Counters;
}

export interface HubOptions {
  readonly maxConnections: number;
  readonly maxConnectionsPerUid: number;
}

/** Frames of one turn are written before they are more than this, so that a large batch is not held twice. */
const maxTurnBytes = 256 * 1024;

/** The frames of one entry, each form made when first wanted and then shared. */
interface Encoded {
  plain: Buffer | null;
  tracked: Buffer | null;
}

/**
 * The open connections of one instance, and the fan-out to them. Entries are gathered for a turn of the event loop; then each
 * socket that has something gets one write. Only this room writes frames to sockets.
 */
export class Hub {
  readonly #now: () => number;
  readonly #counters: Counters;
  readonly #options: HubOptions;
  readonly #registry = new Registry();
  readonly #pace: Pace;
  #dirtyCohorts: Cohort[] = [];
  #dirtyConnections: Connection[] = [];
  #turnBytes = 0;

  constructor({ now, monotonicMs, counters }: HubDeps, options: HubOptions) {
    this.#now = now;
    this.#counters = counters;
    this.#options = options;
    this.#pace = new Pace(monotonicMs, () => this.flush());
  }

  get size(): number {
    return this.#registry.size;
  }

  get uids(): number {
    return this.#registry.uids;
  }

  /** Why a connection of this uid cannot be taken now, or undefined. Asked before the upgrade. */
  refusal(uid: string): 'too_many_connections' | 'uid_connections_exceeded' | undefined {
    if (this.#registry.size >= this.#options.maxConnections) return 'too_many_connections';
    if (this.#registry.countOf(uid) >= this.#options.maxConnectionsPerUid) return 'uid_connections_exceeded';
    return undefined;
  }

  /** Adds a connection: it gets `firstFrame`, then every matching entry that is published from now on. */
  add(connection: Connection, types: readonly string[], firstFrame?: Buffer): void {
    const cohort = this.#registry.add(connection, types);
    if (cohort.pending.length > 0) this.#ownTurn(connection, cohort);
    if (firstFrame !== undefined) connection.write(firstFrame);
  }

  /** Removes a connection that has closed. Harmless when repeated. */
  remove(connection: Connection): void {
    this.#registry.remove(connection);
  }

  /** From now on the connection wants these types; what was published before keeps its place. */
  setTypes(connection: Connection, types: readonly string[]): void {
    const { cohort, turn } = connection;
    if (cohort === null) return;
    const earlier = turn !== null || cohort.pending.length > 0 ? cohort.framesFor(connection) : [];
    this.#registry.leave(connection);
    const joined = this.#registry.join(connection, types);
    const place = joined.pending.length;
    if (turn === null && earlier.length === 0 && place === 0) return;
    if (turn === null) this.#dirtyConnections.push(connection);
    connection.turn = { skip: place, frames: [...earlier], positions: earlier.map(() => place) };
  }

  /**
   * Takes entries in `mid` order and fans them out by the end of the turn. What has expired is dropped and counted.
   * O(cohorts of the type) for an entry to all, O(connections of its uids) for another; the writes come with the flush.
   */
  publish(entries: readonly Entry[]): void {
    const nowMs = this.#now();
    for (const entry of entries) {
      const { message } = entry;
      if (isExpired(message, nowMs)) {
        this.#counters.expired += 1;
        continue;
      }
      const encoded: Encoded = { plain: null, tracked: null };
      if (message.uids === null) {
        this.#registry.forType(message.type, (cohort) => this.#toCohort(cohort, entry, encoded));
      } else {
        for (const uid of message.uids) {
          this.#registry.forUid(uid, (connection) => this.#toConnection(connection, entry, encoded));
        }
      }
      if (encoded.plain === null && encoded.tracked === null) this.#counters.unmatched += 1;
      if (this.#turnBytes > maxTurnBytes) this.flush();
    }
    if (this.#turnBytes > 0) this.#pace.schedule();
  }

  /** Writes what was gathered: one write for each socket that has something. O(those sockets). */
  flush(): void {
    const cohorts = this.#dirtyCohorts;
    const connections = this.#dirtyConnections;
    this.#dirtyCohorts = [];
    this.#dirtyConnections = [];
    this.#turnBytes = 0;
    for (const connection of connections) {
      const { cohort } = connection;
      if (cohort !== null && connection.turn !== null) this.#write(connection, cohort.framesFor(connection));
    }
    for (const cohort of cohorts) {
      const { pending } = cohort;
      const joined = join(pending);
      for (const connection of cohort.members) {
        if (connection.turn === null) this.#writeJoined(connection, joined, pending.length);
      }
    }
    for (const connection of connections) connection.turn = null;
    for (const cohort of cohorts) cohort.pending = [];
  }

  /** Asks every connection to go; `reason` is shown to developers. The sockets close as the clients answer. O(connections). */
  closeAll(code: number, reason: string): void {
    this.flush();
    for (const connection of this.#registry.all()) connection.door.close(code, reason);
  }

  /** Ends every connection at once. O(connections). */
  terminateAll(): void {
    for (const connection of [...this.#registry.all()]) connection.door.terminate();
  }

  #toCohort(cohort: Cohort, entry: Entry, encoded: Encoded): void {
    if (cohort.pending.length === 0) this.#dirtyCohorts.push(cohort);
    const frame = frameFor(cohort, entry, encoded);
    this.#turnBytes += frame.length;
    cohort.pending.push(frame);
  }

  #toConnection(connection: Connection, entry: Entry, encoded: Encoded): void {
    const { cohort } = connection;
    if (cohort === null || !cohort.wants(entry.message.type)) return;
    const own = connection.turn ?? this.#ownTurn(connection, cohort, 0);
    const frame = frameFor(cohort, entry, encoded);
    this.#turnBytes += frame.length;
    own.frames.push(frame);
    own.positions.push(cohort.pending.length);
  }

  /** Gives a connection that has none a turn of its own; `skip`: how many of its cohort's frames are not for it. */
  #ownTurn(connection: Connection, cohort: Cohort, skip = cohort.pending.length): OwnTurn {
    const own: OwnTurn = { skip, frames: [], positions: [] };
    connection.turn = own;
    this.#dirtyConnections.push(connection);
    return own;
  }

  #write(connection: Connection, frames: readonly Buffer[]): void {
    if (frames.length > 0) this.#writeJoined(connection, join(frames), frames.length);
  }

  #writeJoined(connection: Connection, bytes: Buffer, frames: number): void {
    if (!connection.isOpen) return;
    if (connection.write(bytes)) {
      this.#counters.delivered += frames;
    } else {
      this.#counters.tooSlow += 1;
      connection.door.close(closeCodes.tryAgainLater, 'too slow');
    }
  }
}

function frameFor(cohort: Cohort, entry: Entry, encoded: Encoded): Buffer {
  if (cohort.mode === 'plain') return (encoded.plain ??= plainFrame(entry));
  return (encoded.tracked ??= trackedFrame(entry));
}

function join(frames: readonly Buffer[]): Buffer {
  const [only] = frames;
  return frames.length === 1 && only !== undefined ? only : Buffer.concat(frames);
}
