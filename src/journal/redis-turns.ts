/** Lets at most so many run at a time; the others wait for their turn, in the order of their calls. */
export function createTurns(most: number) {
  const waiting: (() => void)[] = [];
  let running = 0;

  return {
    /** Settles as `task` does. */
    async run<T>(task: () => Promise<T>): Promise<T> {
      if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
      else running += 1;
      try {
        return await task();
      } finally {
        // The place goes over to the next one, so that nobody can come between.
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
