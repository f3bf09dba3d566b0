import type { TestContext } from 'node:test';
import type { Mode } from '../../src/hub/connection.ts';
import { Hub } from '../../src/hub/hub.ts';
import type { Entry } from '../../src/journal/journal.ts';
import type { Message } from '../../src/message/message.ts';
import { createCounters } from '../../src/ops/counters.ts';
import { sampleMessage } from '../contract/sample-message.ts';
import { createPeer, type Peer } from './fake-socket.ts';
import type { LocalMailboxes } from './hub-mailboxes.ts';

/** How often the hub looks at connections that are behind. */
export const lookMs = 20;

export interface RunOptions {
  readonly connectionBudgetBytes?: number;
  readonly behindTimeoutMs?: number;
  readonly writesPerLook?: number;
}

/** A hub on mailboxes, clocks and timers that a test owns. */
export function createRun<Mailboxes extends LocalMailboxes>(
  { mock }: TestContext,
  mailboxes: Mailboxes,
  options: RunOptions = {},
) {
  const { connectionBudgetBytes = 100_000, behindTimeoutMs = 1000, writesPerLook = 1 } = options;
  mock.timers.enable({ apis: ['setInterval'] });
  const counters = createCounters();
  const time = { nowMs: 1000, monotonicMs: 0, perLookMs: 0 };
  const clock = { now: () => time.nowMs, isExpired: (atMs: number) => atMs !== 0 && atMs <= time.nowMs };
  const hub = new Hub(
    { clock, monotonicMs: () => (time.monotonicMs += time.perLookMs), mailboxes, counters },
    { maxConnections: 10_000, connectionBudgetBytes, behindTimeoutMs, writesPerLook },
  );
  let mid = 0;

  function entry(parts: Partial<Message> = {}): Entry {
    mid += 1;
    const push = `{"types":"notice","msg":${mid},"time":"t"}`;
    return { mid, message: sampleMessage({ id: `i${mid}`, uids: null, push, ...parts }) };
  }

  return {
    hub,
    counters,
    mailboxes,
    time,
    entry,
    connect(mode: Mode = 'tracked', uid = '1', types: readonly string[] = ['notice']): Peer {
      const peer = createPeer(uid, mode, connectionBudgetBytes);
      hub.add(peer.connection, types);
      return peer;
    },
    resume(cursor: number, uid = '1', types: readonly string[] = ['notice']): Peer {
      const peer = createPeer(uid, 'tracked', connectionBudgetBytes);
      hub.resume(peer.connection, types, cursor);
      return peer;
    },
    /** Appends and tells the hub; the writes come with `hub.flush`. */
    publish(...entries: readonly Entry[]): void {
      mailboxes.append(entries);
      hub.publish(entries);
    },
    publishMany(count: number, parts: Partial<Message> = {}): void {
      const entries = Array.from({ length: count }, () => entry(parts));
      mailboxes.append(entries);
      hub.publish(entries);
    },
    /** Time goes by, in which the hub looks at those who are behind; the store may answer in between. */
    async pass(ms: number): Promise<void> {
      for (let left = ms; left > 0; left -= lookMs) {
        time.monotonicMs += lookMs;
        mock.timers.tick(lookMs);
        await settled();
      }
    },
  };
}

/** Everything that only waits for answers which are there has gone on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
}

interface Received {
  readonly event?: string;
  readonly mid: number;
  readonly msg: number;
}

/** What a peer received, in short: the `msg` of messages (`entry` numbers them as their mids), the text of events. */
export function received({ socket }: Peer): (number | string)[] {
  return socket.texts.map((text) => {
    const frame = JSON.parse(text) as Received;
    return frame.event === undefined ? frame.msg : text;
  });
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}

export function welcome(mid: number, resumed = true): string {
  return `{"event":"welcome","mid":${mid},"resumed":${resumed}}`;
}

export function gap(after: number, mid: number): string {
  return `{"event":"gap","after":${after},"mid":${mid}}`;
}
