import { performance } from 'node:perf_hooks';
import type { Message } from '../message/message.ts';

export interface GroupLimits {
  /** A group holds at most so many messages, unless one call alone has more. */
  readonly maxMessages: number;
  /** The same for their size, about, in bytes. */
  readonly maxBytes: number;
  /** The longest that a call waits for its result, from the call on. */
  readonly deadlineMs: number;
}

/** What one message in a group costs beside its texts, in bytes. */
const messageOverheadBytes = 64;

export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/** The messages of one call, which stay together. */
export interface Unit {
  readonly messages: readonly Message[];
  /** What the caller calls it; empty: it has no name. */
  readonly name: string;
}

interface Call<Result> extends Unit {
  readonly bytes: number;
  readonly deadline: number;
  readonly resolve: (results: readonly Result[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Sends a group, of all messages or unit by unit; resolves with one result for each message, in their order. */
export type SendGroup<Result> = (messages: readonly Message[], units: readonly Unit[]) => Promise<readonly Result[]>;

/**
 * Joins calls into groups: what is called while a group is on its way goes with the next one. So a round trip carries the more
 * messages the more there are, a lone call waits for nobody, and the order is that of the calls. One call's messages stay
 * together.
 *
 * `add` rejects as `send` does, or with a DeadlineError; what `send` does after that is not known to the caller.
 */
export function createGroups<Result>(send: SendGroup<Result>, { maxMessages, maxBytes, deadlineMs }: GroupLimits) {
  let waiting: Call<Result>[] = [];
  let sending: Promise<void> | undefined;

  function take(): Call<Result>[] {
    let messages = 0;
    let bytes = 0;
    let count = 0;
    for (const call of waiting) {
      messages += call.messages.length;
      bytes += call.bytes;
      if (count > 0 && (messages > maxMessages || bytes > maxBytes)) break;
      count += 1;
    }
    const calls = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return calls;
  }

  async function sendAll(): Promise<void> {
    await nextTurn();
    while (waiting.length > 0) await sendOne(take());
    sending = undefined;
  }

  async function sendOne(calls: readonly Call<Result>[]): Promise<void> {
    const [oldest] = calls;
    if (oldest === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<never>((_resolve, reject) => {
      const leftMs = Math.max(0, oldest.deadline - performance.now());
      timer = setTimeout(() => reject(new DeadlineError(`no answer within ${deadlineMs} ms`)), leftMs);
    });
    try {
      const sent = send(calls.length === 1 ? oldest.messages : calls.flatMap((call) => call.messages), calls);
      const results = await Promise.race([sent, expired]);
      let from = 0;
      for (const call of calls) {
        call.resolve(results.slice(from, from + call.messages.length));
        from += call.messages.length;
      }
    } catch (error) {
      for (const call of calls) call.reject(error);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    add(messages: readonly Message[], name = ''): Promise<readonly Result[]> {
      return new Promise((resolve, reject) => {
        const deadline = performance.now() + deadlineMs;
        waiting.push({ messages, name, bytes: sizeOf(messages), deadline, resolve, reject });
        sending ??= sendAll();
      });
    },
    /** Resolves when nothing waits and nothing is on its way. */
    idle: async (): Promise<void> => sending,
  };
}

export type Groups<Result> = ReturnType<typeof createGroups<Result>>;

function sizeOf(messages: readonly Message[]): number {
  let bytes = 0;
  for (const { id, uids, push } of messages) {
    bytes += messageOverheadBytes + id.length + push.length;
    if (uids !== null) for (const uid of uids) bytes += uid.length + 3;
  }
  return bytes;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
