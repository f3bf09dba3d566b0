import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Authenticated, Grant } from './listener-auth.ts';
import { ticketPrefix } from './listeners.ts';
import type { TicketStore } from './ticket-store.ts';

/** As many random bits as nobody guesses within the life of the universe. */
const ticketBytes = 32;
const ticketForm = /^tkt_[\w-]{43}$/;

/** Tickets by which a listener may come in: each once. */
export interface Tickets {
  /** A ticket that is good for `ttlMs`, for what `grant` says. Rejects when it cannot be kept. */
  issue(grant: Pick<Grant, 'uid' | 'types' | 'maxConnections'>, ttlMs: number): Promise<string>;
  /** Uses it up. Never rejects. */
  use(ticket: string): Promise<Authenticated>;
}

export interface TicketDeps {
  readonly store: TicketStore;
  /** Unix milliseconds. */
  readonly now: () => number;
}

const kept = z.object({
  uid: z.string(),
  types: z.array(z.string()).nullable(),
  issuedAtMs: z.number(),
  maxConnections: z.number().nullable(),
});

/** What is kept of a ticket does not let its reader use it: its name there is a digest. */
export function createTickets({ store, now }: TicketDeps): Tickets {
  return {
    async issue({ uid, types, maxConnections }, ttlMs) {
      const ticket = ticketPrefix + randomBytes(ticketBytes).toString('base64url');
      const text: z.infer<typeof kept> = { uid, types: types as string[] | null, issuedAtMs: now(), maxConnections };
      await store.put(keyOf(ticket), JSON.stringify(text), ttlMs);
      return ticket;
    },
    async use(ticket) {
      if (!ticketForm.test(ticket)) return unknown;
      let text;
      try {
        text = await store.take(keyOf(ticket));
      } catch (error) {
        const message = error instanceof Error ? error.message : 'The store of tickets cannot be asked.';
        return { ok: false, code: 'store_unavailable', message };
      }
      const read = kept.safeParse(text === undefined ? undefined : JSON.parse(text));
      return read.success ? { ok: true, grant: { ...read.data, expiresAtMs: 0 } } : unknown;
    },
  };
}

const unknown: Authenticated = {
  ok: false,
  code: 'unauthenticated',
  message: 'This ticket is not known: it was used, its time is over, or it was never given.',
};

function keyOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('base64url');
}
