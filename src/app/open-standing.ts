import { Doorkeeper, type House } from '../auth/doorkeeper.ts';
import type { Entry } from '../auth/entry.ts';
import { createLocalEntry } from '../auth/local-entry.ts';
import { createMemoryStanding } from '../auth/memory-standing.ts';
import type { Peers } from '../cluster/peers.ts';
import type { Config } from '../config/schema.ts';
import type { Counters } from '../ops/counters.ts';
import { createUserDesk, type UserDesk } from '../ops/user-desk.ts';
import { changeQuestion, userQuestion } from '../ops/user-questions.ts';

export interface StandingDeps {
  readonly house: House;
  readonly peers: Peers;
  readonly counters: Counters;
  /** Unix milliseconds that never jump. */
  readonly now: () => number;
}

/** The open connections of a process that has none. */
export const emptyHouse: House = { connectionsOf: () => [], dismiss: () => {} };

/** Who is shut out, how many connections a uid has, and where operators say so. */
export function openStanding(
  config: Config,
  { house, peers, counters, now }: StandingDeps,
  { asksListeners }: { readonly asksListeners: boolean },
): { readonly entry: Entry; readonly users: UserDesk } {
  const doorkeeper = new Doorkeeper({ house, now, counters }, { asksListeners });
  const entry = createLocalEntry({ doorkeeper, house, counters }, config);
  const desk = createMemoryStanding({ standings: doorkeeper.standings, now });
  peers.handle(changeQuestion, (change) => ({ closed: doorkeeper.carryOut(change) }));
  peers.handle(userQuestion, ({ uid }) => ({
    connections: house.connectionsOf(uid).filter((one) => one.isOpen).length,
  }));
  return { entry, users: createUserDesk({ desk, peers, now, asksListeners }) };
}
