/** How often each status came back: a run whose inputs are all refused at the door has tried little. 0: nothing came. */
export class Tally {
  readonly #counts = new Map<number, number>();

  count(status: number): void {
    this.#counts.set(status, (this.#counts.get(status) ?? 0) + 1);
  }

  of(status: number): number {
    return this.#counts.get(status) ?? 0;
  }

  /** `202: 1200, 400: 900`, in the order of the statuses. */
  toString(): string {
    return [...this.#counts]
      .sort(([a], [b]) => a - b)
      .map((pair) => pair.join(': '))
      .join(', ');
  }
}
