import { everyType } from '../wire/frames.ts';
import type { Connection, Mode } from './connection.ts';
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
  /** What this turn has for every member, in `mid` order. */
  pending: Outgoing[] = [];

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

  /** What this turn has for one member, its own at their place among the cohort's. */
  turnOf(connection: Connection): Outgoing[] {
    const { turn } = connection;
    if (turn === null) return this.pending;
    const all: Outgoing[] = [];
    let next = turn.skip;
    for (const [index, own] of turn.own.entries()) {
      for (const position = turn.positions[index] ?? next; next < position; next += 1) all.push(this.#at(next));
      all.push(own);
    }
    for (; next < this.pending.length; next += 1) all.push(this.#at(next));
    return all;
  }

  #at(index: number): Outgoing {
    const outgoing = this.pending[index];
    if (outgoing === undefined) throw new RangeError(`nothing at ${index} in this turn`);
    return outgoing;
  }
}

/** One name for the same view, whatever order the types were given in; no two views share one, whatever the types hold. */
export function cohortKey(mode: Mode, types: readonly string[]): string {
  return types.includes(everyType) ? `${mode} *` : `${mode} ${JSON.stringify([...new Set(types)].sort())}`;
}

export function typeFilter(types: readonly string[]): ReadonlySet<string> | null {
  return types.includes(everyType) ? null : new Set(types);
}
