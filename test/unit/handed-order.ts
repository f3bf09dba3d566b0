import assert from 'node:assert/strict';
import type { Entry } from '../../src/journal/journal.ts';

/** Messages that were handed over, by the machine's clock. */
interface Handed {
  readonly ids: readonly string[];
  readonly begun: number;
  readonly accepted: number;
}

/** What was accepted as soon as the kernel had it: it is not lost, and comes before what is handed over by anybody afterwards. */
export class HandedOrder {
  readonly #handed: Handed[] = [];

  accept(handed: Handed): void {
    this.#handed.push(handed);
  }

  /** Everything that was accepted is there once, in the order in which it was accepted. */
  check(entries: readonly Entry[]): void {
    const places = new Map(entries.map(({ message: { id } }, index) => [id, index]));
    assert.equal(places.size, entries.length, 'nothing is there twice');
    const placesOf = ({ ids }: Handed): number[] =>
      ids.map((id) => places.get(id) ?? assert.fail(`${id} was accepted, and is lost`));
    const byEnd = [...this.#handed].sort((one, other) => one.accepted - other.accepted);
    const byBegin = [...this.#handed].sort((one, other) => one.begun - other.begun);
    let newest = -1;
    let ended = 0;
    for (const handed of byBegin) {
      for (let before = byEnd[ended]; before !== undefined && before.accepted < handed.begun; before = byEnd[ended]) {
        newest = Math.max(newest, ...placesOf(before));
        ended += 1;
      }
      assert.ok(Math.min(...placesOf(handed)) > newest, `${handed.ids.join()} in order`);
    }
  }
}
