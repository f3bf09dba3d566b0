/** Percentiles of a set of latencies. */
export interface LatencySummary {
  samples: number;
  p50Micros: number;
  p99Micros: number;
  maxMicros: number;
}

/** Keeps up to `capacity` latencies in microseconds; further ones are counted only. */
export class LatencySample {
  readonly #values: Float64Array;
  #count = 0;

  constructor(capacity = 1_000_000) {
    this.#values = new Float64Array(capacity);
  }

  record(micros: number): void {
    if (this.#count < this.#values.length) this.#values[this.#count++] = micros;
  }

  clear(): void {
    this.#count = 0;
  }

  /** O(n log n). Nearest-rank percentiles; all 0 when nothing was recorded. */
  summary(): LatencySummary {
    const sorted = this.#values.subarray(0, this.#count).toSorted();
    const at = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
    return { samples: this.#count, p50Micros: at(0.5), p99Micros: at(0.99), maxMicros: at(1) };
  }
}
