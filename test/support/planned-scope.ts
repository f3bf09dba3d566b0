import type { Scope } from './cleanup.ts';

/** A scope that a test ends itself, to see what the end of a test would say. */
export function createScope(): Scope & { end(): Promise<void> } {
  const ends: (() => Promise<void>)[] = [];
  return {
    after(end) {
      ends.push(end);
    },
    async end() {
      for (const end of ends.splice(0)) await end();
    },
  };
}
