import { everyType } from '../wire/frames.ts';
import type { Connection, Mode } from './connection.ts';

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
  /** Frames of this turn for every member, in `mid` order. */
  pending: Buffer[] = [];

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

  /** The frames of this turn for one member, its own ones at their place among the cohort's. */
  framesFor(connection: Connection): Buffer[] {
    const { turn } = connection;
    if (turn === null) return this.pending;
    const frames: Buffer[] = [];
    let next = turn.skip;
    for (const [index, own] of turn.frames.entries()) {
      for (const position = turn.positions[index] ?? next; next < position; next += 1) frames.push(this.#at(next));
      frames.push(own);
    }
    for (; next < this.pending.length; next += 1) frames.push(this.#at(next));
    return frames;
  }

  #at(index: number): Buffer {
    const frame = this.pending[index];
    if (frame === undefined) throw new RangeError(`no frame ${index} in this turn`);
    return frame;
  }
}

/** One name for the same view, whatever order the types were given in; no two views share one, whatever the types hold. */
export function cohortKey(mode: Mode, types: readonly string[]): string {
  return types.includes(everyType) ? `${mode} *` : `${mode} ${JSON.stringify([...new Set(types)].sort())}`;
}

export function typeFilter(types: readonly string[]): ReadonlySet<string> | null {
  return types.includes(everyType) ? null : new Set(types);
}
