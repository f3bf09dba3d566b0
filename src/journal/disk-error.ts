/** A data directory cannot be used; the message is for the operator. What is in the directory is as it was before. */
export class DataDirError extends Error {
  override readonly name = 'DataDirError';

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
  }
}

export function damaged(dir: string, what: string, cause?: unknown): DataDirError {
  const advice = 'nothing was changed; restore the directory from a backup, or move it away to begin anew';
  return new DataDirError(`the journal in ${dir} is damaged: ${what}; ${advice}`, cause);
}

/** What the system says, in one line. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');
}
