import type { Counters } from '../ops/counters.ts';
import type { Authenticated, ListenerAuth, Presented } from './listener-auth.ts';
import { readPresentedToken, type MayUseCookie, type PresentedTokenOptions } from './presented-token.ts';

export interface ListenersDeps {
  /** What a token grants; undefined: tokens are not taken. Never rejects. */
  readonly verifyToken: ((token: string) => Promise<Authenticated>) | undefined;
  /** What a ticket grants, which is used up by this; undefined: tickets are not taken. Never rejects. */
  readonly useTicket: ((ticket: string) => Promise<Authenticated>) | undefined;
  readonly mayUseCookie: MayUseCookie;
  readonly counters: Pick<Counters, 'unauthenticated'>;
}

/** By which a ticket is told from a token. */
export const ticketPrefix = 'tkt_';

/** Asks every listener for a token or a ticket. */
export function createListeners(deps: ListenersDeps, options: PresentedTokenOptions): ListenerAuth {
  const { verifyToken, useTicket, mayUseCookie, counters } = deps;
  const what = verifyToken === undefined ? 'ticket' : 'token';

  async function identify(presented: string): Promise<Authenticated> {
    const isTicket = presented.startsWith(ticketPrefix);
    const take = isTicket ? useTicket : verifyToken;
    if (take !== undefined) return take(presented);
    return {
      ok: false,
      code: 'unauthenticated',
      message: isTicket ? 'Tickets are not taken.' : 'Tokens are not taken.',
    };
  }

  function counted(said: Authenticated): Authenticated {
    if (!said.ok) counters.unauthenticated += 1;
    return said;
  }

  return {
    isOn: true,
    async authenticate(presented: Presented) {
      const read = readPresentedToken(presented, mayUseCookie, options);
      if (!read.ok) return counted(read);
      if (read.token !== undefined) return counted(await identify(read.token));
      return counted({ ok: false, code: 'unauthenticated', message: `Present a ${what}: connect to /ws?token=...` });
    },
    async renew(token) {
      if (Buffer.byteLength(token) <= options.maxTokenBytes) return counted(await identify(token));
      return counted({ ok: false, code: 'unauthenticated', message: 'The token is longer than --max-token.' });
    },
  };
}
