/** A stretch of time, in Unix milliseconds. */
export interface Span {
  readonly startedMs: number;
  readonly endedMs: number;
}

export function overlaps(one: Span, other: Span): boolean {
  return one.startedMs < other.endedMs && other.startedMs < one.endedMs;
}

/** The longest stretch that lies within `whole` and within one of `inside`, and touches none of `outside`, in milliseconds. */
export function longestFree(whole: Span, inside: readonly Span[], outside: readonly Span[]): number {
  let longestMs = 0;
  for (const span of inside) {
    const part = {
      startedMs: Math.max(span.startedMs, whole.startedMs),
      endedMs: Math.min(span.endedMs, whole.endedMs),
    };
    if (part.endedMs - part.startedMs <= longestMs) continue;
    let fromMs = part.startedMs;
    const obstacles = outside.filter((one) => overlaps(one, part)).sort((a, b) => a.startedMs - b.startedMs);
    for (const { startedMs, endedMs } of obstacles) {
      longestMs = Math.max(longestMs, startedMs - fromMs);
      fromMs = Math.max(fromMs, endedMs);
    }
    longestMs = Math.max(longestMs, part.endedMs - fromMs);
  }
  return longestMs;
}
