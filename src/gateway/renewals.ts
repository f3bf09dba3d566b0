import type { Entry } from '../auth/entry.ts';
import { stillGranted } from '../auth/granted-types.ts';
import type { Grant, ListenerAuth, Refused } from '../auth/listener-auth.ts';
import type { Connection } from '../hub/connection.ts';
import { tokenFrame } from '../hub/frame.ts';
import type { Hub } from '../hub/hub.ts';
import type { Counters } from '../ops/counters.ts';
import { closeCodes } from '../wire/close-codes.ts';
import type { TokenEvent } from '../wire/frames.ts';
import type { TokenWatch } from './token-watch.ts';

export interface RenewalsDeps {
  readonly listeners: Pick<ListenerAuth, 'renew'>;
  readonly entry: Pick<Entry, 'shutOut'>;
  readonly hub: Pick<Hub, 'setTypes'>;
  readonly tokens: Pick<TokenWatch, 'watch'>;
  readonly counters: Pick<Counters, 'tokensRenewed' | 'tokensExpired'>;
  /** Told of an error that no answer explains. */
  readonly onFault: (error: unknown) => void;
}

/** Takes the tokens that clients send over open connections, one at a time of each. */
export class Renewals {
  readonly #deps: RenewalsDeps;
  readonly #asked = new Set<Connection>();

  constructor(deps: RenewalsDeps) {
    this.#deps = deps;
  }

  /** False: it is not looked at, since nobody is asked for a token, or since the one before is being looked at. */
  begin(connection: Connection, token: string): boolean {
    const { listeners, entry, onFault } = this.#deps;
    if (connection.grant === null || this.#asked.has(connection)) return false;
    this.#asked.add(connection);
    listeners
      .renew(token)
      .then((said) => {
        if (!connection.isOpen) return;
        const refused = said.ok ? entry.shutOut(said.grant) : said;
        if (said.ok && refused === undefined) this.#take(connection, said.grant);
        else if (refused !== undefined) tell(connection, { event: 'token', error: errorOf(refused) });
      })
      .catch(onFault)
      .finally(() => this.#asked.delete(connection))
      .catch(onFault);
    return true;
  }

  #take(connection: Connection, grant: Grant): void {
    const { hub, tokens, counters } = this.#deps;
    if (grant.uid !== connection.uid) {
      counters.tokensExpired += 1;
      return connection.door.close(closeCodes.tokenExpired, 'forbidden: the token is for another uid');
    }
    counters.tokensRenewed += 1;
    connection.grant = grant;
    if (grant.types !== null) hub.setTypes(connection, stillGranted(connection.types, grant.types));
    tokens.watch(connection);
    tell(connection, { event: 'token', expires_at: grant.expiresAtMs === 0 ? null : grant.expiresAtMs });
  }
}

/** A plain connection gets messages and nothing else. One that is still to be welcomed is told nothing before. */
function tell(connection: Connection, event: TokenEvent): void {
  if (connection.mode === 'tracked' && connection.behind?.isNew !== true) connection.write(tokenFrame(event));
}

function errorOf({ code, message }: Refused): { readonly code: Refused['code']; readonly message: string } {
  return { code, message };
}
