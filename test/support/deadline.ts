/** How long a test waits for something that should take milliseconds: long enough for a busy machine, and then it fails. */
export const patienceMs = 15_000;

/** Settles like `promise`, or rejects after `limitMs` with what was being waited for. */
export async function within<T>(promise: Promise<T>, what: string | (() => string), limitMs = patienceMs): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`not within ${limitMs} ms: ${typeof what === 'string' ? what : what()}`));
    }, limitMs);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Asks `probe` again and again until it gives something other than undefined, and rejects after `limitMs`. For states that
 * announce themselves to nobody, like a port that begins to accept.
 */
export async function eventually<T>(
  probe: () => Promise<T | undefined> | T | undefined,
  what: string | (() => string),
  limitMs = patienceMs,
): Promise<T> {
  let over = false;
  const ask = async (): Promise<T> => {
    for (;;) {
      const found = await probe();
      if (found !== undefined) return found;
      if (over) throw new Error('no longer asked for');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const asking = ask();
  try {
    return await within(asking, what, limitMs);
  } finally {
    over = true;
    asking.catch(() => {});
  }
}
