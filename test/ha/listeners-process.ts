/** Thousands of listeners in a process of their own, so that the driver's clock and posts do not wait for them. Ends with its parent. */
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stall } from '../chaos/history.ts';
import { watchStalls } from '../chaos/stall-watch.ts';
import { Listener } from './listener.ts';
import { ListenerLog, type LogColumns } from './listener-log.ts';

/** What the driver asks; each is answered once, with the same `ask`. */
export type Order =
  | {
      readonly ask: number;
      readonly kind: 'open';
      readonly tag: string;
      readonly url: string;
      readonly uids: readonly string[];
      readonly jitterMs: number;
      /** The first connections are made over so long. */
      readonly spreadMs: number;
    }
  | { readonly ask: number; readonly kind: 'state'; readonly seq: number }
  | { readonly ask: number; readonly kind: 'drop' }
  | { readonly ask: number; readonly kind: 'collect' };

export interface ListenersState {
  /** Connected and told where they stand. */
  readonly welcome: number;
  /** Whose newest message is the post asked for. */
  readonly upToDate: number;
  /** Handshakes refused so far, by HTTP status; 0: no answer. */
  readonly refused: Readonly<Record<string, number>>;
}

export interface Collected {
  readonly columns: LogColumns;
  readonly stalls: readonly Stall[];
  readonly cpuMs: number;
}

export type Reply = { readonly ask: number; readonly value: ListenersState | Collected | undefined };

const listeners: Listener[] = [];
const stalls: Stall[] = [];
const refused: Record<string, number> = {};
let log = new ListenerLog('');

async function open(order: Extract<Order, { kind: 'open' }>): Promise<void> {
  log = new ListenerLog(order.tag);
  const onRefused = (status: number): void => {
    refused[status] = (refused[status] ?? 0) + 1;
  };
  const { url, jitterMs, uids, spreadMs } = order;
  const deps = { log, url, jitterMs, onRefused };
  const beginMs = Date.now();
  for (const [index, uid] of uids.entries()) {
    const waitMs = beginMs + (index / uids.length) * spreadMs - Date.now();
    if (waitMs > 0) await sleep(waitMs);
    const listener = new Listener(index, uid, deps);
    listeners.push(listener);
    listener.open();
  }
}

function state(seq: number): ListenersState {
  return {
    welcome: listeners.filter(({ isWelcome }) => isWelcome).length,
    upToDate: listeners.filter(({ newestSeq }) => newestSeq === seq).length,
    refused,
  };
}

function collect(): Collected {
  for (const listener of listeners) listener.end();
  const { user, system } = process.cpuUsage();
  return { columns: log.columns(), stalls, cpuMs: (user + system) / 1_000 };
}

async function obey(order: Order): Promise<Reply['value']> {
  switch (order.kind) {
    case 'open':
      return open(order).then(() => undefined);
    case 'state':
      return state(order.seq);
    case 'drop':
      for (const listener of listeners) listener.drop();
      return undefined;
    case 'collect':
      return collect();
  }
}

// Clients are on machines of their own: they take no time from the servers that they are to measure.
setPriority(19);
watchStalls({ after: () => {} }, stalls);
process.on('message', (order: Order) => {
  void obey(order).then((value) => process.send?.({ ask: order.ask, value } satisfies Reply));
});
process.on('disconnect', () => process.exit());
