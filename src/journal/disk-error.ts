/** A data directory cannot be used; the message is for the operator. What is in the directory is as it was before. */
export class DataDirError extends Error {
  override readonly name = 'DataDirError';
  /** Nothing is wrong with the directory: this build, or this setting, is not for it. */
  readonly isUsage: boolean;

  constructor(message: string, { isUsage = false, cause }: { isUsage?: boolean; cause?: unknown } = {}) {
    super(message, { cause });
    this.isUsage = isUsage;
  }
}

/** What a library or the system says, in one line. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');
}
