/** Why an accepted message did not get a number, or, when it has one, went to nobody. */
export const dropReasons = ['expired', 'cancelled', 'failed', 'lost'] as const;
export type DropReason = (typeof dropReasons)[number];

/** Where it was then: in the queue (with a worker of it), at the append to the journal, or at the hub with its number. */
export const dropPlaces = ['queue', 'append', 'hub'] as const;
export type DropPlace = (typeof dropPlaces)[number];

/** A message that this instance dropped. */
export interface Drop {
  readonly reason: DropReason;
  readonly where: DropPlace;
  /** Unix milliseconds. */
  readonly atMs: number;
}

/** How many are remembered, the newest ones: with ids of 36 characters about 150 bytes each. */
export const keptDrops = 10_000;

/**
 * What this instance has dropped, by id, for whoever asks for the message: nothing else knows it. It is gone with the process.
 */
export class Drops {
  readonly #byId = new Map<string, Drop>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** O(1). */
  add(id: string, reason: DropReason, where: DropPlace): void {
    this.#byId.delete(id);
    this.#byId.set(id, { reason, where, atMs: Math.floor(this.#now()) });
    if (this.#byId.size <= keptDrops) return;
    for (const [oldest] of this.#byId) {
      this.#byId.delete(oldest);
      return;
    }
  }

  get(id: string): Drop | undefined {
    return this.#byId.get(id);
  }
}
