import { DeadlineError } from '../journal/group.ts';

/** Rejects with a DeadlineError what has not settled in time; what becomes of it then is nobody's concern. */
export function createDeadline(deadlineMs: number) {
  return async function deadline<T>(promise: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new DeadlineError(`no answer within ${deadlineMs} ms`)), deadlineMs);
    });
    try {
      return await Promise.race([promise, expired]);
    } finally {
      clearTimeout(timer);
    }
  };
}
