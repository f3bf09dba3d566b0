import type { Counters } from '../ops/counters.ts';
import type { Cohort } from './cohort.ts';
import type { Connection, OwnTurn } from './connection.ts';
import { joinFrames, type Outgoing } from './outgoing.ts';
import type { Receipts } from './receipts.ts';

export interface FanOutDeps {
  readonly monotonicMs: () => number;
  readonly counters: Counters;
  readonly receipts: Receipts;
  /** Told each connection that could not take what was due: nothing of it was written. */
  readonly onTooSlow: (connection: Connection) => void;
}

/** So many sockets are written to before it is looked at the clock again: looking costs about a hundredth of a write. */
const usualWritesPerLook = 16;

/**
 * Two turns: one that is gathered, and one that is under way to the sockets, which may take many turns of the event loop. Each
 * connection is given the turn that is under way in one write, and before anything of the next: whoever changes a connection's view, or
 * closes it, has it settled first. One that came meanwhile has what is under way already.
 */
export class FanOut {
  readonly #deps: FanOutDeps;
  readonly #writesPerLook: number;
  /** Those that something was gathered for. */
  #dirtyCohorts: Cohort[] = [];
  #dirtyConnections: Connection[] = [];
  #gatheredBytes = 0;
  /** What is under way: connections with a turn of their own, then the rest of the cohorts, from their last member to their first. */
  #owners: Connection[] = [];
  #nextOwner = 0;
  #cohorts: Cohort[] = [];
  #nextCohort = 0;
  #nextMember = Number.POSITIVE_INFINITY;
  #number = 0;
  #isUnderWay = false;

  constructor(deps: FanOutDeps, writesPerLook = usualWritesPerLook) {
    this.#deps = deps;
    this.#writesPerLook = writesPerLook;
  }

  /** How much was gathered: the frames of each cohort and of each connection, once. */
  get gatheredBytes(): number {
    return this.#gatheredBytes;
  }

  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** Gathers an entry for all members of a cohort; gives their number. */
  toCohort(cohort: Cohort, outgoing: Outgoing): number {
    const { mode, pending, members } = cohort;
    if (mode === 'plain' && outgoing.entry.message.retracts !== 0) return 0;
    if (pending.length === 0) this.#dirtyCohorts.push(cohort);
    this.#gatheredBytes += outgoing.frame(mode).length;
    pending.push(outgoing);
    return members.length;
  }

  /** Gathers an entry for one connection; gives 1, or 0 when it does not want it. */
  toConnection(connection: Connection, outgoing: Outgoing): number {
    const { cohort, mode } = connection;
    const { type, retracts } = outgoing.entry.message;
    if (cohort === null || !cohort.wants(type) || (mode === 'plain' && retracts !== 0)) return 0;
    const turn = connection.turn ?? this.#giveTurn(connection, { skip: 0, own: [], positions: [] });
    this.#gatheredBytes += outgoing.frame(mode).length;
    turn.own.push(outgoing);
    turn.positions.push(cohort.pending.length);
    return 1;
  }

  /** A connection has joined its cohort, and has everything that was published so far, but for what `earlier` has of what was gathered. */
  join(connection: Connection, cohort: Cohort, earlier: readonly Outgoing[] = []): void {
    connection.given = this.#number;
    const place = cohort.pending.length;
    if (connection.turn === null && earlier.length === 0 && place === 0) return;
    this.#giveTurn(connection, { skip: place, own: [...earlier], positions: earlier.map(() => place) });
  }

  /** What was gathered is under way from here on, and gathering begins anew. Only when nothing is under way. O(connections with a turn of their own). */
  begin(): void {
    this.#number += 1;
    this.#isUnderWay = true;
    this.#gatheredBytes = 0;
    for (const cohort of this.#dirtyCohorts) {
      cohort.underWay = cohort.pending;
      cohort.pending = [];
    }
    for (const connection of this.#dirtyConnections) {
      const { turn } = connection;
      if (turn === null) continue;
      connection.underWay = turn;
      connection.turn = null;
      this.#owners.push(connection);
    }
    this.#cohorts = this.#dirtyCohorts;
    this.#dirtyCohorts = [];
    this.#dirtyConnections = [];
  }

  /** Writes what is under way, until this time by the monotonic clock; true: all of it is written. */
  write(untilMs: number): boolean {
    if (!this.#writeOwners(untilMs)) return false;
    for (; this.#nextCohort < this.#cohorts.length; this.#nextCohort += 1) {
      const cohort = this.#cohorts[this.#nextCohort];
      if (cohort !== undefined && !this.#writeCohort(cohort, untilMs)) return false;
      this.#nextMember = Number.POSITIVE_INFINITY;
    }
    for (const cohort of this.#cohorts) cohort.underWay = cohort.underWayBytes = null;
    this.#owners = [];
    this.#cohorts = [];
    this.#nextOwner = this.#nextCohort = 0;
    this.#isUnderWay = false;
    return true;
  }

  /** Writes to one connection what it has not been given yet of what is under way. */
  settle(connection: Connection): void {
    const { cohort, underWay } = connection;
    if (cohort === null || connection.given === this.#number) return;
    if (underWay !== null) this.#writeOwn(connection, underWay);
    else if (cohort.underWay !== null) this.#writeTurn(connection, cohort, cohort.underWay);
    connection.given = this.#number;
  }

  /** Writes to one connection, which is closed then, all that was published so far. */
  settleLast(connection: Connection): void {
    this.settle(connection);
    const { cohort, turn } = connection;
    if (cohort !== null) this.#writeTurn(connection, cohort, cohort.turnOf(turn, cohort.pending));
  }

  #writeOwners(untilMs: number): boolean {
    const owners = this.#owners;
    for (let left = this.#writesPerLook; this.#nextOwner < owners.length; left -= 1) {
      if (left === 0) {
        if (this.#deps.monotonicMs() >= untilMs) return false;
        left = this.#writesPerLook;
      }
      const connection = owners[this.#nextOwner];
      this.#nextOwner += 1;
      if (connection !== undefined && connection.underWay !== null) this.#writeOwn(connection, connection.underWay);
    }
    return true;
  }

  #writeOwn(connection: Connection, own: OwnTurn): void {
    const { cohort } = connection;
    connection.underWay = null;
    connection.given = this.#number;
    if (cohort !== null) this.#writeTurn(connection, cohort, cohort.turnOf(own, cohort.underWay ?? []));
  }

  #writeTurn(connection: Connection, { mode }: Cohort, turn: readonly Outgoing[]): void {
    if (turn.length === 0 || !connection.isOpen) return;
    if (connection.write(joinFrames(turn, mode))) this.#count(turn, 1);
    else this.#deps.onTooSlow(connection);
  }

  /**
   * From the last member to the first: whoever leaves meanwhile, the last one takes the free place, and has had its turn or came later. So
   * nobody is passed over, and `given` says who is not to be visited again.
   */
  #writeCohort(cohort: Cohort, untilMs: number): boolean {
    const { members, mode, underWay } = cohort;
    if (underWay === null) return true;
    const bytes = (cohort.underWayBytes ??= joinFrames(underWay, mode));
    const number = this.#number;
    let written = 0;
    let left = this.#writesPerLook;
    let index = Math.min(this.#nextMember, members.length - 1);
    for (; index >= 0; index -= 1) {
      const connection = members[index];
      if (connection === undefined || connection.given === number) continue;
      if (left === 0) {
        if (this.#deps.monotonicMs() >= untilMs) break;
        left = this.#writesPerLook;
      }
      left -= 1;
      connection.given = number;
      if (!connection.isOpen) continue;
      if (connection.write(bytes)) written += 1;
      else this.#deps.onTooSlow(connection);
    }
    this.#count(underWay, written);
    this.#nextMember = index;
    return index < 0;
  }

  #count(turn: readonly Outgoing[], connections: number): void {
    const { counters, receipts } = this.#deps;
    counters.delivered += turn.length * connections;
    for (const { receipt } of turn) receipts.written(receipt, connections);
  }

  #giveTurn(connection: Connection, turn: OwnTurn): OwnTurn {
    if (connection.turn === null) this.#dirtyConnections.push(connection);
    connection.turn = turn;
    return turn;
  }
}
