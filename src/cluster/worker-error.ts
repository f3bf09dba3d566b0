/** A worker that ended before it was ready, when all of them started. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
}
