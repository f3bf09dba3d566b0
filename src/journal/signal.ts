/** A promise and what resolves it. */
export interface Signal {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

export function createSignal(): Signal {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
