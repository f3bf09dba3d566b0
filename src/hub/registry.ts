import { Cohort, cohortKey, typeFilter } from './cohort.ts';
import type { Connection } from './connection.ts';

/** The index of open connections: by uid, and by what they want to see. Holds no frame and writes nothing. */
export class Registry {
  readonly #cohorts = new Map<string, Cohort>();
  readonly #cohortsByType = new Map<string, Set<Cohort>>();
  readonly #wildCohorts = new Set<Cohort>();
  /** Most uids have one connection, which is then kept without a list around it. */
  readonly #byUid = new Map<string, Connection | Connection[]>();
  /** Those that are in no cohort, since they are not live. */
  readonly behind = new Set<Connection>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get uids(): number {
    return this.#byUid.size;
  }

  /** Makes it known by its uid. It is then to `join` a cohort, or to fall behind. */
  add(connection: Connection): void {
    this.#size += 1;
    const others = this.#byUid.get(connection.uid);
    if (others === undefined) this.#byUid.set(connection.uid, connection);
    else if (Array.isArray(others)) others.push(connection);
    else this.#byUid.set(connection.uid, [others, connection]);
  }

  /** Harmless when the connection is not there. */
  remove(connection: Connection): void {
    if (connection.cohort === null && connection.behind === null) return;
    this.#size -= 1;
    this.leave(connection);
    this.behind.delete(connection);
    connection.behind = null;
    const found = this.#byUid.get(connection.uid);
    if (found === connection) this.#byUid.delete(connection.uid);
    if (!Array.isArray(found)) return;
    found.splice(found.indexOf(connection), 1);
    const [only] = found;
    if (found.length === 1 && only !== undefined) this.#byUid.set(connection.uid, only);
  }

  join(connection: Connection, types: readonly string[]): Cohort {
    const key = cohortKey(connection.mode, types);
    let cohort = this.#cohorts.get(key);
    if (cohort === undefined) {
      cohort = new Cohort(key, connection.mode, typeFilter(types));
      this.#cohorts.set(key, cohort);
      for (const set of this.#setsOf(cohort)) set.add(cohort);
    }
    cohort.add(connection);
    return cohort;
  }

  leave(connection: Connection): void {
    const { cohort } = connection;
    if (cohort === null) return;
    cohort.remove(connection);
    if (cohort.members.length > 0) return;
    this.#cohorts.delete(cohort.key);
    for (const set of this.#setsOf(cohort)) set.delete(cohort);
    for (const type of cohort.types ?? []) {
      if (this.#cohortsByType.get(type)?.size === 0) this.#cohortsByType.delete(type);
    }
  }

  /** The oldest first; a list that stays as it is while connections come and go. O(connections of the uid). */
  ofUid(uid: string): readonly Connection[] {
    const found = this.#byUid.get(uid);
    if (found === undefined) return [];
    return Array.isArray(found) ? [...found] : [found];
  }

  /** O(connections of the uid). */
  forUid(uid: string, visit: (connection: Connection) => void): void {
    const found = this.#byUid.get(uid);
    if (found === undefined) return;
    if (Array.isArray(found)) for (const connection of found) visit(connection);
    else visit(found);
  }

  /** O(cohorts that want the type). */
  forType(type: string, visit: (cohort: Cohort) => void): void {
    for (const cohort of this.#wildCohorts) visit(cohort);
    for (const cohort of this.#cohortsByType.get(type) ?? []) visit(cohort);
  }

  /** Every open connection. O(connections). */
  *all(): Generator<Connection> {
    for (const cohort of this.#cohorts.values()) yield* cohort.members;
    yield* this.behind;
  }

  #setsOf(cohort: Cohort): Set<Cohort>[] {
    if (cohort.types === null) return [this.#wildCohorts];
    return [...cohort.types].map((type) => {
      const set = this.#cohortsByType.get(type) ?? new Set<Cohort>();
      this.#cohortsByType.set(type, set);
      return set;
    });
  }
}
