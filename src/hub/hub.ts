import type { Entry } from '../journal/journal.ts';
import type { Clock } from '../message/clock.ts';
import type { Message } from '../message/message.ts';
import type { Counters } from '../ops/counters.ts';
import { closeCodes } from '../wire/close-codes.ts';
import { CatchUp, gapFrame, type CatchUpOptions, type Mailboxes } from './catch-up.ts';
import type { Connection } from './connection.ts';
import { FanOut } from './fan-out.ts';
import { reconnectFrame } from './frame.ts';
import { Outgoing } from './outgoing.ts';
import { Pace } from './pace.ts';
import { Receipts, type Receipt } from './receipts.ts';
import { Registry } from './registry.ts';

export interface HubDeps {
  /** By which expiry is judged. */
  readonly clock: Clock;
  /** Milliseconds of a clock that never jumps, for pacing. */
  readonly monotonicMs: () => number;
  /** Where connections that are behind are caught up from. */
  readonly mailboxes: Mailboxes;
  readonly counters: Counters;
  /** Told each message that had expired when it was to be fanned out. */
  readonly onExpired?: (message: Message) => void;
}

export interface HubOptions extends CatchUpOptions {
  readonly maxConnections: number;
  /** How many sockets are written to before the fan-out looks at the clock. */
  readonly writesPerLook?: number;
}

/** Frames are written at once when more than this were gathered, so that a large batch is not held twice, and none faster than it is written. */
const maxTurnBytes = 256 * 1024;

/**
 * The open connections of one instance, and the fan-out to them. Entries are gathered for a turn; then each socket that has something gets
 * one write, some milliseconds of them at a time. A connection that cannot take it falls behind: it is passed over, and caught up
 * from the journal. Only this room writes frames to sockets.
 */
export class Hub {
  readonly #deps: HubDeps;
  readonly #options: HubOptions;
  readonly #registry = new Registry();
  readonly #receipts = new Receipts();
  readonly #pace: Pace;
  readonly #catchUp: CatchUp;
  readonly #fanOut: FanOut;
  /** The newest mid that was published, that is under way, and whose turn is over: every live connection was given all up to there. */
  #published = 0;
  #underWay = 0;
  #flushed = 0;

  constructor(deps: HubDeps, options: HubOptions) {
    const { clock, monotonicMs, mailboxes, counters } = deps;
    this.#deps = deps;
    this.#options = options;
    this.#pace = new Pace({ monotonicMs, fanOut: (untilMs) => this.#write(untilMs) });
    const { behind } = this.#registry;
    const goLive = (connection: Connection, types: readonly string[]): void => this.#goLive(connection, types);
    const receipts = this.#receipts;
    const onTooSlow = (connection: Connection): void => this.#fallBehind(connection);
    this.#fanOut = new FanOut({ monotonicMs, counters, receipts, onTooSlow }, options.writesPerLook);
    this.#catchUp = new CatchUp({ clock, monotonicMs, mailboxes, counters, receipts, behind, goLive }, options);
  }

  get size(): number {
    return this.#registry.size;
  }

  get uids(): number {
    return this.#registry.uids;
  }

  /** Connections that are being caught up. */
  get behind(): number {
    return this.#registry.behind.size;
  }

  /** What this instance did with an entry; undefined when it was not told of it, or too long ago. */
  receipt(mid: number): Receipt | undefined {
    return this.#receipts.get(mid);
  }

  /** Why no connection can be taken now, or undefined. Asked before the upgrade. */
  refusal(): 'too_many_connections' | undefined {
    return this.#registry.size >= this.#options.maxConnections ? 'too_many_connections' : undefined;
  }

  /** Those that are open, and those that are closing; the oldest first. O(connections of the uid). */
  connectionsOf(uid: string): readonly Connection[] {
    return this.#registry.ofUid(uid);
  }

  /** Adds a connection: it gets `firstFrame`, then every matching entry that is published from now on. */
  add(connection: Connection, types: readonly string[], firstFrame?: Buffer): void {
    this.#registry.add(connection);
    this.#goLive(connection, types);
    if (firstFrame !== undefined) connection.write(firstFrame);
  }

  /** Adds a connection that has everything up to `cursor`: it gets its welcome, what it has missed, and then what is published. */
  resume(connection: Connection, types: readonly string[], cursor: number): void {
    this.#registry.add(connection);
    this.#becomeBehind(connection, types, cursor, true);
    this.#catchUp.step(connection);
  }

  /** Removes a connection that has closed. Harmless when repeated. */
  remove(connection: Connection): void {
    this.#registry.remove(connection);
  }

  /** From now on the connection wants these types; what was published before keeps its place, unless it is still to be caught up. */
  setTypes(connection: Connection, types: readonly string[]): void {
    this.#fanOut.settle(connection);
    const { cohort, turn, behind } = connection;
    if (behind !== null) behind.types = types;
    if (cohort === null) return;
    const earlier = cohort.turnOf(turn, cohort.pending);
    this.#registry.leave(connection);
    this.#fanOut.join(connection, this.#registry.join(connection, types), earlier);
  }

  /**
   * Takes entries in `mid` order and fans them out by the end of the turn. What has expired is dropped and counted.
   * O(cohorts of the type) for an entry to all, O(connections of its uids) for another; the writes come with the flush.
   */
  publish(entries: readonly Entry[]): void {
    const { clock, counters, onExpired } = this.#deps;
    for (const entry of entries) {
      const { mid, message } = entry;
      this.#published = mid;
      if (message.expiresAtMs !== 0 && clock.isExpired(message.expiresAtMs, mid)) {
        counters.expired += 1;
        onExpired?.(message);
        continue;
      }
      const outgoing = new Outgoing(entry, this.#receipts.open(mid));
      let matched = 0;
      if (message.uids === null) {
        this.#registry.forType(message.type, (cohort) => (matched += this.#fanOut.toCohort(cohort, outgoing)));
      } else {
        for (const uid of message.uids) {
          this.#registry.forUid(uid, (connection) => (matched += this.#fanOut.toConnection(connection, outgoing)));
        }
      }
      if (matched === 0) counters.unmatched += 1;
      else this.#receipts.matched(outgoing.receipt, matched);
      if (this.#fanOut.gatheredBytes > maxTurnBytes) this.flush();
    }
    if (this.#fanOut.gatheredBytes > 0) this.#pace.schedule();
    else if (!this.#fanOut.isUnderWay) this.#flushed = this.#published;
  }

  /** The entries above `after`, up to `mid`, are lost to this instance: tracked connections are told. O(connections). */
  gap(after: number, mid: number): void {
    this.flush();
    this.#published = this.#flushed = mid;
    const frame = gapFrame(after, mid);
    for (const connection of this.#registry.all()) {
      if (connection.mode === 'plain' || connection.behind !== null || connection.write(frame)) continue;
      this.#catchUp.giveUp(connection, 'something was missed, and there is no room to say so');
    }
  }

  /** Writes what was gathered, and before it what is under way, in one go. O(the sockets that have something). */
  flush(): void {
    while (!this.#write(Number.POSITIVE_INFINITY) || this.#fanOut.gatheredBytes > 0);
  }

  /** Goes on with the turn that is under way, or begins with what was gathered; true: it is over. */
  #write(untilMs: number): boolean {
    if (!this.#fanOut.isUnderWay) {
      if (this.#fanOut.gatheredBytes === 0) return true;
      this.#fanOut.begin();
      this.#underWay = this.#published;
    }
    if (!this.#fanOut.write(untilMs)) return false;
    this.#flushed = this.#underWay;
    return true;
  }

  #fallBehind(connection: Connection): void {
    const { cohort } = connection;
    if (cohort === null) return;
    this.#deps.counters.fellBehind += 1;
    const types = cohort.typeList;
    this.#registry.leave(connection);
    connection.turn = null;
    this.#becomeBehind(connection, types, Math.max(this.#flushed, connection.liveSince), false);
  }

  #becomeBehind(connection: Connection, types: readonly string[], cursor: number, isNew: boolean): void {
    connection.behind = {
      types,
      cursor,
      isNew,
      gapSaid: 0,
      matchedThrough: isNew ? 0 : this.#published,
      unsentBytes: connection.unsentBytes,
      progressMs: this.#deps.monotonicMs(),
      isReading: false,
      askAgainMs: 0,
    };
    this.#registry.behind.add(connection);
    this.#catchUp.begin();
  }

  #goLive(connection: Connection, types: readonly string[]): void {
    this.#registry.behind.delete(connection);
    connection.behind = null;
    connection.liveSince = this.#deps.mailboxes.head();
    this.#fanOut.join(connection, this.#registry.join(connection, types));
  }

  /** Every open connection, and those that are closing. Not to be gone through while connections come and go. O(connections). */
  connections(): Iterable<Connection> {
    return this.#registry.all();
  }

  /**
   * Asks one connection to go to another instance: it is given what was published so far, told to reconnect in `afterMs` if it is
   * tracked, and closed with 1012; its socket closes as the client answers. One that is behind is only closed: its client knows
   * what it has.
   */
  handOver(connection: Connection, afterMs: number): void {
    this.#fanOut.settleLast(connection);
    if (connection.mode === 'tracked' && connection.behind === null) connection.write(reconnectFrame(afterMs));
    connection.door.close(closeCodes.serviceRestart, 'the server hands over');
  }

  /** Closes one connection, which is given what was published so far. */
  dismiss(connection: Connection, code: number, reason: string): void {
    this.#fanOut.settleLast(connection);
    connection.door.close(code, reason);
  }

  /** Ends every connection at once. O(connections). */
  terminateAll(): void {
    for (const connection of [...this.#registry.all()]) connection.door.terminate();
  }
}
