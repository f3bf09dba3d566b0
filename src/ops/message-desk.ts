import type { Peers } from '../cluster/peers.ts';
import type { Hub } from '../hub/hub.ts';
import type { Journal } from '../journal/journal.ts';
import type { Clock } from '../message/clock.ts';
import type { Queue } from '../queue/queue.ts';
import type { Drops } from './drops.ts';
import { createMessageReader, type MessageReader } from './message-reader.ts';
import { createReceiptAnswer, receiptQuestion } from './receipt-question.ts';
import { createTakeBack, type TakeBack } from './take-back.ts';

export interface MessageDeskDeps {
  readonly journal: Journal;
  readonly queue: Pick<Queue, 'backlog'>;
  readonly hub: Pick<Hub, 'receipt'>;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly drops: Drops;
  readonly newId: () => string;
  /** When this instance began to count, in Unix milliseconds. */
  readonly sinceMs: number;
}

/** Where one message is asked for, or taken back. */
export interface MessageDesk {
  readonly readMessage: MessageReader;
  readonly takeBack: (id: string) => Promise<TakeBack>;
}

/** From now on this instance also answers what others ask about a message. */
export function createMessageDesk({ queue, hub, peers, sinceMs, ...deps }: MessageDeskDeps): MessageDesk {
  const { backlog } = queue;
  const receipt: Hub['receipt'] = (mid) => hub.receipt(mid);
  peers.handle(receiptQuestion, createReceiptAnswer({ receipt, drops: deps.drops, sinceMs }));
  const readMessage = createMessageReader({ ...deps, backlog, peers });
  return { readMessage, takeBack: createTakeBack({ ...deps, backlog, readMessage }) };
}
