/** Stores what has gathered. Rejects when it was not stored, or may not have been. */
export type WriteLater = (cursors: ReadonlyMap<string, number>, units: readonly string[]) => Promise<void>;

/** How long writes gather, and how long they wait after a failure. */
const gatherMs = 100;
const retryMs = 1000;

/** The most of each kind that go at once, and that wait: past it the oldest are given up. */
const maxAtOnce = 1000;
const maxWaiting = 100_000;

/**
 * Writes that nobody waits for, a thousand in one: the ack cursor of each uid, of which only the highest counts, and the units that
 * are done. What cannot be stored now waits in memory.
 */
export function createLaterWrites(write: WriteLater) {
  const cursors = new Map<string, number>();
  const units = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;

  function schedule(afterMs: number): void {
    if (timer === undefined && cursors.size + units.size > 0) timer = setTimeout(() => void flush(), afterMs);
  }

  function raise(uid: string, mid: number): void {
    if (mid <= (cursors.get(uid) ?? 0)) return;
    cursors.delete(uid);
    cursors.set(uid, mid);
    dropOldest(cursors);
  }

  async function writeSome(): Promise<void> {
    const someCursors = new Map(firstOf(cursors));
    const someUnits = [...firstOf(units)];
    try {
      await write(someCursors, someUnits);
    } catch {
      return schedule(retryMs);
    }
    // What has risen meanwhile stays.
    for (const [uid, mid] of someCursors) if (cursors.get(uid) === mid) cursors.delete(uid);
    for (const unit of someUnits) units.delete(unit);
    schedule(cursors.size >= maxAtOnce || units.size >= maxAtOnce ? 0 : gatherMs);
  }

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    writing ??= writeSome().finally(() => (writing = undefined));
    await writing;
  }

  return {
    acknowledge(uid: string, mid: number): void {
      raise(uid, mid);
      schedule(gatherMs);
    },
    forget(unit: string): void {
      units.add(unit);
      dropOldest(units);
      schedule(gatherMs);
    },
    /** The cursor of the uid that waits to be stored, or 0. */
    waitingCursor: (uid: string): number => cursors.get(uid) ?? 0,
    /** Tries once to store what waits (the oldest, when it is much), and gives the rest up. */
    async stop(): Promise<void> {
      await writing;
      if (cursors.size + units.size > 0) await flush();
      clearTimeout(timer);
      cursors.clear();
      units.clear();
    },
  };
}

function* firstOf<Item>(items: Iterable<Item>): Generator<Item> {
  let left = maxAtOnce;
  for (const item of items) {
    if (left === 0) return;
    left -= 1;
    yield item;
  }
}

function dropOldest(waiting: Map<string, number> | Set<string>): void {
  if (waiting.size <= maxWaiting) return;
  for (const oldest of waiting.keys()) {
    waiting.delete(oldest);
    return;
  }
}
