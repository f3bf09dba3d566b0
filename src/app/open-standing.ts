import { Doorkeeper, type House } from '../auth/doorkeeper.ts';
import type { Entry } from '../auth/entry.ts';
import { createLocalEntry } from '../auth/local-entry.ts';
import { SharedEntry } from '../auth/shared-entry.ts';
import { createTickets, type Tickets } from '../auth/tickets.ts';
import { answerWorkers } from '../cluster/crew-standing.ts';
import type { Peers } from '../cluster/peers.ts';
import type { Config } from '../config/schema.ts';
import type { Counters } from '../ops/counters.ts';
import type { Log } from '../ops/log.ts';
import { createUserDesk, type UserDesk } from '../ops/user-desk.ts';
import { changeQuestion, replacedQuestion, userQuestion } from '../ops/user-questions.ts';
import type { Truth } from './open-truth.ts';

export interface StandingDeps {
  /** The open connections of this process. */
  readonly house: House;
  readonly peers: Peers;
  readonly counters: Counters;
  readonly log: Log;
  readonly now: () => number;
}

/** The open connections of a process that takes none. */
export const emptyHouse: House = { connectionsOf: () => [], dismiss: () => {} };

export interface OpenStanding {
  readonly entry: Entry;
  readonly users: UserDesk;
  /** What a supervisor answers its workers; undefined: it has not got what they ask for. */
  readonly answerWorker: ReturnType<typeof answerWorkers> | undefined;
  /** A worker of this supervisor has ended: its seats are free. */
  workerEnded(worker: number): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Undefined: nobody may come with one. */
export function openTickets(config: Config, { tickets: store }: Truth, now: () => number): Tickets | undefined {
  return config.tickets ? createTickets({ store, now }) : undefined;
}

/** Who is shut out, how many connections a uid has, and where operators say so. `asksListeners`: for a token or a ticket. */
export function openStanding(
  config: Config,
  truth: Truth,
  deps: StandingDeps,
  { asksListeners, tickets }: { readonly asksListeners: boolean; readonly tickets: Tickets | undefined },
): OpenStanding {
  const { house, peers, counters, log, now } = deps;
  const { standings, seats, source, memory, desk } = truth;
  const doorkeeper = new Doorkeeper({ house, now, counters, standings }, { asksListeners });
  const local = createLocalEntry({ doorkeeper, house, counters }, config);
  const tellReplaced = (fullNames: readonly string[]): void => {
    peers.ask(replacedQuestion, { seats: [...fullNames] }).catch(() => {});
  };
  // A process without connections has nobody to seat, and nothing to learn: it asks for what it is asked.
  const shared =
    source === undefined || house === emptyHouse
      ? undefined
      : new SharedEntry({ source, doorkeeper, house, local, seats, tellReplaced, counters, now, log }, config);
  peers.handle(changeQuestion, (change) => ({ closed: shared?.told(change) ?? doorkeeper.carryOut(change) }));
  peers.handle(replacedQuestion, (about) => ({ closed: shared?.replaced(about.seats) ?? 0 }));
  peers.handle(userQuestion, ({ uid }) => ({
    connections: house.connectionsOf(uid).filter((one) => one.isOpen).length,
  }));
  return {
    entry: shared ?? local,
    users: createUserDesk({ desk, peers, now, counters, asksListeners, tickets }),
    answerWorker: memory && answerWorkers({ standing: memory, tickets: truth.tickets, tellReplaced }),
    workerEnded: (worker) => memory?.leaveAll(worker),
    async start() {
      await truth.start();
      await shared?.start();
    },
    async stop() {
      await shared?.stop();
      await truth.stop();
    },
  };
}
