import { everyType } from '../wire/frames.ts';
import type { Connection, Mode, OwnTurn } from './connection.ts';
import type { Outgoing } from './outgoing.ts';

/**
 * Connections with the same view: same mode, same types. What is for all of them is joined once a turn, and each socket is
 * given the same Buffer.
 */
export class Cohort {
  readonly key: string;
  readonly mode: Mode;
  /** The types that its connections want; null: every type. */
  readonly types: ReadonlySet<string> | null;
  readonly members: Connection[] = [];
  /** What is gathered for every member, in `mid` order. */
  pending: Outgoing[] = [];
  /** What is under way to them, and its frames once they are joined; null: nothing. The fan-out's. */
  underWay: readonly Outgoing[] | null = null;
  underWayBytes: Buffer | null = null;

  constructor(key: string, mode: Mode, types: ReadonlySet<string> | null) {
    this.key = key;
    this.mode = mode;
    this.types = types;
  }

  wants(type: string): boolean {
    return this.types === null || this.types.has(type);
  }

  add(connection: Connection): void {
    connection.cohort = this;
    connection.cohortIndex = this.members.length;
    this.members.push(connection);
  }

  /** O(1): the last member takes the free place. */
  remove(connection: Connection): void {
    const last = this.members.pop();
    if (last !== undefined && last !== connection) {
      this.members[connection.cohortIndex] = last;
      last.cohortIndex = connection.cohortIndex;
    }
    connection.cohort = null;
  }

  /** The types as a listener asks for them. */
  get typeList(): readonly string[] {
    return this.types === null ? [everyType] : [...this.types];
  }

  /** What a turn has for one member: its own, at their place among those that are for all. */
  turnOf(own: OwnTurn | null, forAll: readonly Outgoing[]): readonly Outgoing[] {
    if (own === null) return forAll;
    if (own.skip >= forAll.length) return own.own;
    const turn: Outgoing[] = [];
    let next = own.skip;
    for (const [index, outgoing] of own.own.entries()) {
      const position = own.positions[index] ?? next;
      if (position > next) turn.push(...forAll.slice(next, position));
      next = Math.max(next, position);
      turn.push(outgoing);
    }
    if (next < forAll.length) turn.push(...forAll.slice(next));
    return turn;
  }
}

/** One name for the same view, whatever order the types were given in; no two views share one, whatever the types hold. */
export function cohortKey(mode: Mode, types: readonly string[]): string {
  return types.includes(everyType) ? `${mode} *` : `${mode} ${JSON.stringify([...new Set(types)].sort())}`;
}

export function typeFilter(types: readonly string[]): ReadonlySet<string> | null {
  return types.includes(everyType) ? null : new Set(types);
}
