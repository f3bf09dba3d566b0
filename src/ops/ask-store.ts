/** The store did not answer, or refused. The message is a sentence for an operator, without secrets. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/** Asks the journal or the queue: what is wrong with the store becomes a StoreError, and an answer 503. */
export async function askStore<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw new StoreError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
