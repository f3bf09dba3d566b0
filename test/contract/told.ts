import assert from 'node:assert/strict';
import type { Entry, Follower } from '../../src/journal/journal.ts';
import { eventually } from '../support/deadline.ts';

/** A follower that writes down what it is told. */
export interface Told {
  readonly entries: readonly Entry[];
  readonly follower: Follower;
  /** Waits until it was told `count` entries, and fails when there are more. Their ids, in the order of the telling. */
  ids(count: number): Promise<string[]>;
  /** Fails when a mid was told twice or out of order. */
  assertOrdered(): void;
}

export function createTold(): Told {
  const entries: Entry[] = [];
  return {
    entries,
    follower: (group) => {
      entries.push(...group);
    },
    async ids(count) {
      await eventually(
        () => (entries.length >= count ? true : undefined),
        () => `${count} entries; there were ${entries.length}`,
      );
      assert.equal(entries.length, count);
      this.assertOrdered();
      return entries.map(({ message }) => message.id);
    },
    assertOrdered() {
      entries.forEach(({ mid }, index) => {
        assert.ok(Number.isSafeInteger(mid));
        const before = entries[index - 1]?.mid ?? 0;
        assert.ok(mid > before, `entry ${index} has mid ${mid} after ${before}`);
      });
    },
  };
}
