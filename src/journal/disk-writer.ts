import { performance } from 'node:perf_hooks';
import type { Message } from '../message/message.ts';
import type { Append } from './disk-plan.ts';
import type { Appended, Health } from './journal.ts';

/** Writes calls together; resolves, when they are on disk and told, with the answer of each. */
export type WriteCalls = (calls: readonly Append[]) => Promise<readonly (readonly Appended[])[]>;

export interface DiskWriterDeps {
  readonly write: WriteCalls;
  /** Tries whether a store that refused can be written again. */
  readonly probe: () => Promise<void>;
  readonly onHealth: (health: Health) => void;
}

export interface DiskWriterOptions {
  readonly dir: string;
  /** The longest that a call waits. */
  readonly deadlineMs: number;
  /** A group has at most so many messages, and pushes of so many UTF-16 units, unless one call alone has more. */
  readonly maxMessages: number;
  readonly maxUnits: number;
}

interface Call extends Append {
  readonly deadline: number;
  readonly resolve: (answer: readonly Appended[]) => void;
  readonly reject: (error: Error) => void;
}

/**
 * How many turns of the event loop a write lets others come along: a turn is long when there is much to do and takes
 * microseconds when there is not. More of those who were answered by the write before are back by then, so that one flush serves
 * more of them: with 32 posters some 16 instead of 10 to 13.
 */
const turnsToGather = 4;

const firstProbeMs = 500;
const slowestProbeMs = 5000;

/**
 * One write at a time; what is called meanwhile goes with the next. A write that does not end in time is answered no and
 * waited for: until it ends, everything is refused at once. After a write that failed everything is refused until a
 * probe goes through.
 */
export function createDiskWriter({ write, probe, onHealth }: DiskWriterDeps, options: DiskWriterOptions) {
  const { dir, deadlineMs, maxMessages, maxUnits } = options;
  const slow = `The journal in ${dir} has not been written within ${deadlineMs} ms.`;
  let waiting: Call[] = [];
  let writing: Promise<void> | undefined;
  let isFlushWanted = false;
  let isStopping = false;
  /** Why nothing can be written now. */
  let refusal: string | undefined;
  let probing: NodeJS.Timeout | undefined;

  function setRefusal(reason: string | undefined): void {
    if (reason === refusal) return;
    refusal = reason;
    onHealth(reason === undefined ? { ok: true } : { ok: false, reason });
  }

  function take(): Call[] {
    let messages = 0;
    let units = 0;
    let count = 0;
    for (const call of waiting) {
      messages += call.messages.length;
      for (const { push } of call.messages) units += push.length;
      if (count > 0 && (messages > maxMessages || units > maxUnits)) break;
      count += 1;
    }
    return waiting.splice(0, count);
  }

  async function writeAll(): Promise<void> {
    while (waiting.length > 0 || isFlushWanted) {
      for (let turn = 0; turn < turnsToGather; turn += 1) await nextTurn();
      isFlushWanted = false;
      await writeOne(take());
    }
    writing = undefined;
  }

  async function writeOne(calls: readonly Call[]): Promise<void> {
    const leftMs = (calls[0]?.deadline ?? Infinity) - performance.now();
    const timer = setTimeout(() => refuseAll(calls, slow), Math.min(deadlineMs, Math.max(0, leftMs)));
    try {
      const answers = await write(calls);
      calls.forEach((call, index) => call.resolve(answers[index] ?? []));
      setRefusal(undefined);
    } catch (error) {
      refuseAll(calls, error instanceof Error ? error.message : String(error));
      probeIn(firstProbeMs);
    } finally {
      clearTimeout(timer);
    }
  }

  function refuseAll(calls: readonly Call[], reason: string): void {
    setRefusal(reason);
    const all = [...calls, ...waiting];
    waiting = [];
    for (const call of all) call.reject(new Error(reason));
  }

  function probeIn(delayMs: number): void {
    if (isStopping) return;
    probing = setTimeout(() => {
      probe().then(
        () => setRefusal(undefined),
        (error: unknown) => {
          setRefusal(error instanceof Error ? error.message : String(error));
          probeIn(Math.min(2 * delayMs, slowestProbeMs));
        },
      );
    }, delayMs);
    probing.unref();
  }

  return {
    add(messages: readonly Message[], unit: string): Promise<readonly Appended[]> {
      if (refusal !== undefined) return Promise.reject(new Error(refusal));
      return new Promise((resolve, reject) => {
        waiting.push({ messages, unit, deadline: performance.now() + deadlineMs, resolve, reject });
        writing ??= writeAll();
      });
    },
    /** A write without messages, for what else is to be stored. */
    flush(): void {
      if (refusal !== undefined) return;
      isFlushWanted = true;
      writing ??= writeAll();
    },
    health: (): Health => (refusal === undefined ? { ok: true } : { ok: false, reason: refusal }),
    /** Resolves when what was called is written, or the deadline has passed. */
    async stop(): Promise<void> {
      isStopping = true;
      clearTimeout(probing);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, deadlineMs)));
      await Promise.race([writing, late]);
      clearTimeout(timer);
    },
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
