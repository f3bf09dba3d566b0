import type { Counters } from '../ops/counters.ts';
import type { Connection } from './connection.ts';

export interface HeartbeatOptions {
  /** Each connection is pinged once in this time, and ended when it was not heard between two pings. */
  readonly pingIntervalMs: number;
}

/** Into how many parts an interval is cut: the pings of a second are spread, and one timer serves every connection. */
const slotCount = 32;

/** The ping wheel. Work per tick: O(connections / 32). */
export class Heartbeat {
  readonly #slots: Connection[][] = Array.from({ length: slotCount }, () => []);
  readonly #counters: Counters;
  readonly #tickMs: number;
  #hand = 0;
  #joined = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(counters: Counters, { pingIntervalMs }: HeartbeatOptions) {
    this.#counters = counters;
    this.#tickMs = Math.max(1, pingIntervalMs / slotCount);
  }

  start(): void {
    this.#timer = setInterval(() => this.tick(), this.#tickMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  add(connection: Connection): void {
    connection.heartbeatSlot = this.#joined % slotCount;
    this.#joined += 1;
    const slot = this.#slotOf(connection);
    connection.heartbeatIndex = slot.length;
    slot.push(connection);
  }

  /** O(1). Called once for each added connection. */
  remove(connection: Connection): void {
    const slot = this.#slotOf(connection);
    const last = slot.pop();
    if (last === undefined || last === connection) return;
    slot[connection.heartbeatIndex] = last;
    last.heartbeatIndex = connection.heartbeatIndex;
  }

  /** Pings the connections of the next slot and ends those that did not answer the ping before. */
  tick(): void {
    const slot = this.#slots[this.#hand] ?? [];
    this.#hand = (this.#hand + 1) % slotCount;
    for (const connection of slot) {
      if (connection.isHeard) {
        connection.isHeard = false;
        connection.ping();
      } else {
        this.#counters.deadPeers += 1;
        connection.door.terminate();
      }
    }
  }

  #slotOf(connection: Connection): Connection[] {
    const slot = this.#slots[connection.heartbeatSlot];
    if (slot === undefined) throw new RangeError(`no heartbeat slot ${connection.heartbeatSlot}`);
    return slot;
  }
}
