/** Where tickets are until they are used. Everything rejects when it cannot be had in time. */
export interface TicketStore {
  /** `key` says nothing of the ticket to who reads it. Forgotten after `ttlMs`. */
  put(key: string, text: string, ttlMs: number): Promise<void>;
  /** Gives what was put and forgets it, in one step: of any number who ask, on any instance, one gets it. */
  take(key: string): Promise<string | undefined>;
}

/** The most tickets that wait in memory. Each takes about 300 bytes. */
export const maxWaitingTickets = 100_000;

/** How many are looked at for those that are over, with each one that is put. */
const sweptAtOnce = 4;

interface Waiting {
  readonly text: string;
  readonly endsMs: number;
}

/** Tickets in the memory of one process, `maxWaiting` at most. `nowMs`: of a clock that never jumps. */
export function createMemoryTickets(nowMs: () => number, maxWaiting = maxWaitingTickets): TicketStore {
  const waiting = new Map<string, Waiting>();
  let sweep: Iterator<readonly [string, Waiting]> = waiting.entries();

  function forget(count: number): void {
    for (let looked = 0; looked < count; looked += 1) {
      const next = sweep.next();
      if (next.done === true) {
        sweep = waiting.entries();
        return;
      }
      const [key, { endsMs }] = next.value;
      if (endsMs <= nowMs()) waiting.delete(key);
    }
  }

  return {
    put(key, text, ttlMs) {
      forget(sweptAtOnce);
      if (waiting.size >= maxWaiting) {
        sweep = waiting.entries();
        forget(Number.POSITIVE_INFINITY);
      }
      if (waiting.size >= maxWaiting) {
        return Promise.reject(new Error(`${maxWaiting} tickets wait to be used, and no more are kept.`));
      }
      waiting.set(key, { text, endsMs: nowMs() + ttlMs });
      return Promise.resolve();
    },
    take(key) {
      const found = waiting.get(key);
      waiting.delete(key);
      return Promise.resolve(found === undefined || found.endsMs <= nowMs() ? undefined : found.text);
    },
  };
}
