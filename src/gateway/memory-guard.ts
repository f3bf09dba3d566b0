import { getHeapStatistics } from 'node:v8';

/** What a process can know of its memory, in bytes. */
export interface ProcessMemory {
  /** What of it is resident. Costs tens of microseconds. */
  readonly residentBytes: () => number;
  /** What the machine, or the container, has in all. */
  readonly availableBytes: number;
}

export interface MemoryGuardDeps {
  readonly monotonicMs: () => number;
  readonly memory: ProcessMemory;
}

export interface MemoryGuardOptions {
  /** Resident memory above which no connection is taken; `auto`: a share of what is there; 0: whatever it takes. */
  readonly maxMemoryBytes: number | 'auto';
}

/** The share of what is there that may be in use: the rest is for those who are connected, and for what is posted to them. */
const usableShare = 0.9;

/** How long a look at the memory holds: meanwhile some hundred handshakes take a few KB each. */
const holdsMs = 250;

/** Says whether there is memory for more connections: below the bound, and not about to reach V8's own limit either. */
export class MemoryGuard {
  readonly #deps: MemoryGuardDeps;
  readonly #maxResidentBytes: number;
  readonly #maxHeapBytes: number;
  #isFull = false;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(deps: MemoryGuardDeps, { maxMemoryBytes }: MemoryGuardOptions) {
    this.#deps = deps;
    const isOff = maxMemoryBytes === 0;
    this.#maxResidentBytes = isOff ? Number.POSITIVE_INFINITY : residentBound(maxMemoryBytes, deps.memory);
    this.#maxHeapBytes = isOff ? Number.POSITIVE_INFINITY : getHeapStatistics().heap_size_limit * usableShare;
  }

  isFull(): boolean {
    const nowMs = this.#deps.monotonicMs();
    if (nowMs - this.#lookedMs < holdsMs) return this.#isFull;
    this.#lookedMs = nowMs;
    this.#isFull =
      this.#deps.memory.residentBytes() > this.#maxResidentBytes ||
      getHeapStatistics().used_heap_size > this.#maxHeapBytes;
    return this.#isFull;
  }
}

/** The bound on resident memory in bytes; 0: none. */
export function residentBound(maxMemoryBytes: number | 'auto', { availableBytes }: ProcessMemory): number {
  return maxMemoryBytes === 'auto' ? Math.floor(availableBytes * usableShare) : maxMemoryBytes;
}
