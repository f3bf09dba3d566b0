import { forGoodMs, type Action, type Change, type Standing } from '../auth/standing.ts';
import type { StandingDesk } from '../auth/standing-source.ts';
import type { Tickets } from '../auth/tickets.ts';
import type { Peers, Replies } from '../cluster/peers.ts';
import { askStore } from './ask-store.ts';
import type { Counters } from './counters.ts';
import { changeQuestion, userQuestion } from './user-questions.ts';

export interface UserDeskDeps {
  readonly desk: StandingDesk;
  readonly peers: Pick<Peers, 'ask'>;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly counters: Pick<Counters, 'overShutOut'>;
  /** Listeners come with something that was issued, and can be revoked. */
  readonly asksListeners: boolean;
  /** Undefined: nobody may come with one. */
  readonly tickets: Pick<Tickets, 'issue'> | undefined;
}

/** What a ticket is for. */
export interface TicketOrder {
  readonly uid: string;
  readonly types?: readonly string[] | undefined;
  readonly ttl: number;
  readonly max_connections?: number | undefined;
}

export interface TicketDocument {
  readonly ticket: string;
  /** Unix ms. */
  readonly expires_at: number;
}

/** How many instances were asked and how many have answered in time, as in the document of a message. */
export interface Counted {
  readonly instances: number;
  readonly answered: number;
}

/** A uid as the admin listener shows it. Instants are Unix ms. */
export interface UserDocument {
  readonly uid: string;
  /** Open connections on the instances that answered. */
  readonly connections: number;
  readonly blocked: boolean;
  /** Null: not blocked, or for good. */
  readonly blocked_until: number | null;
  readonly revoked_before: number | null;
  readonly counted: Counted;
}

/** What an action did. Instances that did not answer carry it out when they hear of it, within seconds. */
export interface ActionDocument extends Omit<UserDocument, 'connections'> {
  readonly closed: number;
}

/** What an action did, or why it was not done. */
export type Acted = ActionDocument | 'too_many_shut_out';

export type UserDesk = ReturnType<typeof createUserDesk>;

/** Where operators ask for a uid and act on it. Everything rejects with a StoreError when the truth is away; it may have been done. */
export function createUserDesk({ desk, peers, now, counters, asksListeners, tickets }: UserDeskDeps) {
  const stands = ({ blockedUntilMs, revokedBeforeMs }: Standing) => {
    const blocked = blockedUntilMs > now();
    return {
      blocked,
      blocked_until: blocked && blockedUntilMs < forGoodMs ? blockedUntilMs : null,
      revoked_before: revokedBeforeMs === 0 ? null : revokedBeforeMs,
    };
  };

  async function tell(change: Change): Promise<ActionDocument> {
    const replies = await askStore(() => peers.ask(changeQuestion, change));
    const closed = sum(replies.answers.map((answer) => answer.closed));
    return { uid: change.uid, closed, ...stands(change.standing), counted: countOf(replies) };
  }

  return {
    asksListeners,
    async act(uid: string, action: Action): Promise<Acted> {
      const change = await askStore(() => desk.act(uid, action));
      if (change !== 'full') return tell(change);
      counters.overShutOut += 1;
      return 'too_many_shut_out';
    },
    block(uid: string, ttlMs: number | undefined): Promise<Acted> {
      return this.act(uid, { kind: 'block', untilMs: ttlMs === undefined ? forGoodMs : Math.ceil(now() + ttlMs) });
    },
    revoke(uid: string, beforeMs: number | undefined): Promise<Acted> {
      return this.act(uid, { kind: 'revoke', beforeMs: beforeMs ?? Math.ceil(now()) });
    },
    /** Undefined where tickets are not taken. */
    issue(order: TicketOrder): Promise<TicketDocument> | undefined {
      if (tickets === undefined) return undefined;
      const { uid, types = null, ttl, max_connections: maxConnections = null } = order;
      return askStore(async () => {
        const expiresAtMs = Math.floor(now() + ttl);
        const ticket = await tickets.issue({ uid, types, maxConnections }, ttl);
        return { ticket, expires_at: expiresAtMs };
      });
    },
    async read(uid: string): Promise<UserDocument> {
      const standing = await askStore(() => desk.standing(uid));
      const replies = await askStore(() => peers.ask(userQuestion, { uid }));
      const connections = sum(replies.answers.map((answer) => answer.connections));
      return { uid, connections, ...stands(standing), counted: countOf(replies) };
    },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function countOf({ instances, answers }: Replies<unknown>): Counted {
  return { instances, answered: answers.length };
}
